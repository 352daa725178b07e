import type { ClientIdentity, LogPort, Message, MessageHub } from "../../broker/mod.ts";
import { makePasswordHash } from "../password_hash.ts";
import { CLIENT_COMMANDS } from "./client_commands.ts";
import type { Command, CommandContext, CommandResult } from "./command.ts";
import {
  CONTROL_TOPIC,
  type DynamicDocument,
  type DynamicPassword,
  RESPONSE_TOPIC,
} from "./document.ts";
import type { DynamicAccess, MayStay } from "./dynamic_access.ts";
import { field, FieldError, isObject, type JsonObject, textField } from "./fields.ts";
import { GROUP_COMMANDS } from "./group_commands.ts";
import { parsePassword } from "./parse_document.ts";
import { ROLE_COMMANDS } from "./role_commands.ts";

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
}

/** An answer to one command. */
interface Answer {
  readonly command: string;
  readonly data?: object;
  readonly error?: string;
  readonly correlationData?: string;
}

/** Messages with commands that may wait: each is handled when the file has the changes of those before it. */
const MAX_WAITING = 100;
/**
 * Bytes of lists in the answers to one message: what a client may send in a message asks tens of thousands of times for all clients. The
 * first list may be longer, since nobody could get it otherwise.
 */
const MAX_LISTED_BYTES = 4 * 1024 * 1024;
/** How long commands are handled without a pause, milliseconds: others are served by the same thread. */
const BUSY_MS = 5;

const COMMANDS: ReadonlyMap<string, readonly [name: string, command: Command]> = new Map(
  Object.entries({ ...CLIENT_COMMANDS, ...GROUP_COMMANDS, ...ROLE_COMMANDS })
    .map(([name, command]) => [name.toLowerCase(), [name, command]]),
);

/**
 * The topic on which mosquitto_ctrl and others change clients, groups and roles. A message has a list of commands, its answer one for
 * each; access control has let the message in. Its changes hold together, when the file is written: an answer that says so is true after
 * a crash as well.
 */
export class ControlTopic {
  readonly #init: ControlTopicInit;
  readonly #end: () => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #changeIndex = 0;

  /** Commands are taken from now on. */
  constructor(init: ControlTopicInit) {
    this.#init = init;
    this.#end = init.hub.subscribe(CONTROL_TOPIC, (message) => this.#receive(message));
  }

  /** Takes no more; resolves when those that were taken are done. */
  async close(): Promise<void> {
    this.#end();
    await this.#last;
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
    const { access, hub } = this.#init;
    try {
      this.#readChanged();
      for (;;) {
        const before = access.document;
        const work = new Work(before, this.#contextOf());
        const answers = await work.run(text, (name) => this.#say(name, identity));
        if (work.document === before) return this.#publish(answers);
        // Where others have changed the file meanwhile, the commands are about what it says now.
        if (access.document === before) return await this.#change(work.document, answers);
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

  async #change(document: DynamicDocument, answers: readonly Answer[]): Promise<void> {
    const { access, recheck, log } = this.#init;
    let mayStay: MayStay;
    try {
      mayStay = await access.change(document);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("Cannot write the file of dynamic security: its changes do not hold", {
        error: reason,
      });
      return this.#publish(answers.map(({ command, correlationData }) => ({
        command,
        error: "Cannot write the file, nothing has changed",
        ...correlationData === undefined ? {} : { correlationData },
      })));
    }
    this.#changeIndex++;
    // Before anybody is disconnected: who changes what is its own hears that it has.
    this.#publish(answers);
    recheck(mayStay);
  }

  #contextOf(): Omit<CommandContext, "document"> {
    const { addressesOf } = this.#init;
    return { addressesOf, hash, changeIndex: this.#changeIndex };
  }

  #publish(responses: readonly Answer[]): void {
    const payload = new TextEncoder().encode(JSON.stringify({ responses }));
    this.#init.hub.publish({ topicName: RESPONSE_TOPIC, payload });
  }

  #say(command: string, { clientId, userName }: ClientIdentity): void {
    this.#init.log.info(`Dynamic security: ${command}`, { clientId, userName });
  }
}

/** The commands of one message, each on what those before it have made. */
class Work {
  document: DynamicDocument;
  readonly #context: Omit<CommandContext, "document">;
  #listedBytes = 0;

  constructor(document: DynamicDocument, context: Omit<CommandContext, "document">) {
    this.document = document;
    this.#context = context;
  }

  async run(text: string, say: (command: string) => void): Promise<readonly Answer[]> {
    const commands = commandsOf(text);
    if (typeof commands === "string") return [{ command: "Unknown command", error: commands }];
    const answers: Answer[] = [];
    let pauseAtMs = performance.now() + BUSY_MS;
    for (const json of commands) {
      answers.push(await this.#answer(json, say));
      if (performance.now() < pauseAtMs) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      pauseAtMs = performance.now() + BUSY_MS;
    }
    return answers;
  }

  async #answer(json: unknown, say: (command: string) => void): Promise<Answer> {
    if (!isObject(json)) return { command: "Unknown command", error: "Command not an object" };
    const given = field(json, "command");
    if (typeof given !== "string") return { command: "Unknown command", error: "Missing command" };
    const [command, run] = COMMANDS.get(given.toLowerCase()) ?? [given, undefined];
    let correlation: { correlationData?: string } = {};
    try {
      const correlationData = textField(json, "correlationData");
      if (correlationData !== undefined) correlation = { correlationData };
      if (run === undefined) throw new FieldError("Unknown command");
      if (this.#listedBytes > MAX_LISTED_BYTES) throw new FieldError("Answer too long");
      say(command);
      const data = await this.#run(run, json);
      return { command, ...data === undefined ? {} : { data }, ...correlation };
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      return { command, error: error.message, ...correlation };
    }
  }

  async #run(run: Command, json: JsonObject): Promise<object | undefined> {
    const result: CommandResult = await run({ ...this.#context, document: this.document }, json);
    if (result.document !== undefined) this.document = result.document;
    if (result.data !== undefined) this.#listedBytes += JSON.stringify(result.data).length;
    return result.data;
  }
}

function commandsOf(text: string): readonly unknown[] | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "Payload not valid JSON";
  }
  const commands = isObject(json) ? field(json, "commands") : undefined;
  return Array.isArray(commands) ? commands : "Invalid/missing commands";
}

async function hash(password: string): Promise<DynamicPassword> {
  return parsePassword(await makePasswordHash(new TextEncoder().encode(password)));
}
