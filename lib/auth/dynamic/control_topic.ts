import type { ClientIdentity, LogPort, Message, MessageHub } from "../../broker/mod.ts";
import { type CommandAnswer, CommandWork } from "./command_work.ts";
import { CONTROL_TOPIC, type DynamicDocument, RESPONSE_TOPIC } from "./document.ts";
import type { DynamicAccess, MayStay } from "./dynamic_access.ts";
import { SharedDocument, type SharedTextPort } from "./shared_document.ts";

/** What the commands' topic is made of. */
export interface ControlTopicInit {
  /** What the commands are about. */
  readonly access: DynamicAccess;
  /** Where they come from, and answers go to. */
  readonly hub: MessageHub;
  /** Who has sent a command, by Client Identifier; `undefined`: nobody who is connected. */
  readonly identityOf: (clientId: string) => ClientIdentity | undefined;
  /** The addresses of the connections of a user. */
  readonly addressesOf: (userName: string) => readonly string[];
  /** Called when rights have changed: who may not stay is to go. */
  readonly recheck: (mayStay: MayStay) => void;
  /** Told of every command. */
  readonly log: LogPort;
  /** Where other brokers have the same document, which decides; absent: the file is this broker's alone. */
  readonly shared?: SharedTextPort;
}

/** Messages with commands that may wait: each is handled when the file has the changes of those before it. */
const MAX_WAITING = 100;
/** How long it waits until it asks again what other brokers have, milliseconds. */
const RETRY_MS = 500;

/**
 * The topic on which mosquitto_ctrl and others change clients, groups and roles. A message has a list of commands, its answer one for
 * each; access control has let the message in. Its changes hold together, when the file is written: an answer that says so is true after
 * a crash as well.
 */
export class ControlTopic {
  readonly #init: ControlTopicInit;
  readonly #end: () => void;
  #last: Promise<void> = Promise.resolve();
  readonly #shared: SharedDocument | undefined;
  #waiting = 0;
  #isLooking = false;
  #isClosed = false;
  #changeIndex = 0;

  /** Commands are taken from now on. */
  constructor(init: ControlTopicInit) {
    this.#init = init;
    const { shared: port, ...rest } = init;
    this.#shared = port && new SharedDocument({ ...rest, port });
    this.#end = init.hub.subscribe(CONTROL_TOPIC, (message) => this.#receive(message));
  }

  /** Takes no more; resolves when those that were taken are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#end();
    await this.#last;
  }

  /** Looks what other brokers have changed, where they have the same document. */
  look(): void {
    if (this.#shared === undefined || this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    this.#last = this.#last.then(() => {
      this.#isLooking = false;
      return this.#shared!.settle();
    });
  }

  /** Resolves when this broker has what the others have; at once where there are none. It waits for them until it is closed. */
  async begin(): Promise<void> {
    while (this.#shared?.isKnown === false && !this.#isClosed) {
      this.look();
      await this.#last;
      if (!this.#shared.isKnown) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #receive({ payload, publisherId }: Message): void {
    const { identityOf, log } = this.#init;
    const identity = identityOf(publisherId);
    // A bridge may publish everything, and other brokers' clients behind it are not ours.
    if (identity === undefined || identity.isBridge) {
      log.warning("A command of dynamic security from a bridge or a program was left alone", {
        clientId: publisherId,
      });
      return;
    }
    if (this.#waiting >= MAX_WAITING) {
      return this.#publish([{ command: "Unknown command", error: "Too many commands wait" }]);
    }
    const text = new TextDecoder().decode(payload);
    this.#waiting++;
    this.#last = this.#last.then(() => this.#handle(text, identity)).finally(() => {
      this.#waiting--;
    });
  }

  async #handle(text: string, identity: ClientIdentity): Promise<void> {
    const { access, hub, addressesOf } = this.#init;
    try {
      this.#readChanged();
      for (;;) {
        await this.#shared?.settle();
        const before = access.document;
        const work = new CommandWork(before, { addressesOf, changeIndex: this.#changeIndex });
        const answers = await work.run(text, (name) => this.#say(name, identity));
        if (work.document === before) return this.#publish(answers);
        // Where others have changed the file meanwhile, the commands are about what it says now.
        if (access.document === before && await this.#change(work.document, answers)) return;
      }
    } catch (error) {
      hub.failed?.("A command of dynamic security", error);
    }
  }

  /** What others have written into the file is not overwritten unread, unless it is not valid. */
  #readChanged(): void {
    const { access, recheck, log } = this.#init;
    if (!access.isStale) return;
    const { problems, mayStay } = access.reload(false);
    for (const problem of problems) log.error(problem);
    if (mayStay !== undefined) recheck(mayStay);
  }

  /** `false`: others have changed it meanwhile. */
  async #change(document: DynamicDocument, answers: readonly CommandAnswer[]): Promise<boolean> {
    const { access, recheck } = this.#init;
    let mayStay: MayStay | undefined;
    try {
      mayStay = await (this.#shared ?? access).change(document);
    } catch (error) {
      this.#fail(answers, error);
      return true;
    }
    if (mayStay === undefined) return false;
    this.#changeIndex++;
    // Before anybody is disconnected: who changes what is its own hears that it has.
    this.#publish(answers);
    recheck(mayStay);
    return true;
  }

  #fail(answers: readonly CommandAnswer[], cause: unknown): void {
    const [what, error] = this.#shared === undefined
      ? ["Cannot write the file of dynamic security", "Cannot write the file, nothing has changed"]
      : ["Cannot tell the other nodes of dynamic security", "Cannot tell the other nodes"];
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#init.log.error(`${what}: its changes do not hold`, { error: reason });
    this.#publish(answers.map(({ command, correlationData }) => ({
      command,
      error,
      ...correlationData === undefined ? {} : { correlationData },
    })));
  }

  #publish(responses: readonly CommandAnswer[]): void {
    const payload = new TextEncoder().encode(JSON.stringify({ responses }));
    this.#init.hub.publish({ topicName: RESPONSE_TOPIC, payload });
  }

  #say(command: string, { clientId, userName }: ClientIdentity): void {
    this.#init.log.info(`Dynamic security: ${command}`, { clientId, userName });
  }
}
