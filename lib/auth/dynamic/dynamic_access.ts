import type {
  AccessAction,
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  LogPort,
} from "../../broker/mod.ts";
import { type Qos, ReasonCode } from "../../codec/mod.ts";
import type { AccessFileReader } from "../access_files.ts";
import { CredentialCheck } from "../credential_check.ts";
import type { PasswordUsers } from "../password_file.ts";
import { RememberedPasswords } from "../remembered_passwords.ts";
import {
  CONTROL_TOPIC,
  type DynamicClient,
  type DynamicDocument,
  type DynamicPassword,
} from "./document.ts";
import { type DynamicDecision, DynamicRights, isNobody } from "./dynamic_rights.ts";
import { DynamicFile, replaceFile } from "./dynamic_file.ts";

/** What dynamic security is made of. */
export interface DynamicAccessInit {
  /** The file with clients, groups and roles. */
  readonly path: string;
  /** The names of the listeners that it is for. */
  readonly listeners: ReadonlySet<string>;
  /** Whether it is also for listeners that are not there: for what came in at another node of a cluster. Default: false. */
  readonly coversOthers?: boolean;
  /** Told of wrong passwords. */
  readonly log: LogPort;
  /** The longest that an attempt waits after others of its address have failed, seconds; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** A file in which right passwords are remembered over a restart; absent: they are not. */
  readonly rememberedFile?: string;
  /** Default: the real files. */
  readonly files?: AccessFileReader;
  /** Replaces the file's text. Default: in the real file, safely. */
  readonly save?: (path: string, text: string) => Promise<void>;
}

/** What `mayStay` is: see {@linkcode DynamicAccess.reload}. */
export type MayStay = (client: ClientIdentity) => boolean;

/** Rules that are looked at in the time of one step of a question. */
const RULES_PER_STEP = 3;
const REFUSED: AuthenticationVerdict = {
  isAllowed: false,
  reasonCode: ReasonCode.BadUserNameOrPassword,
};

/** Access control by a file of mosquitto's dynamic security plugin, which commands change while clients are connected. */
export class DynamicAccess {
  /** Changes whenever an answer may have changed. */
  version = 1;
  readonly #init: DynamicAccessInit;
  readonly #file: DynamicFile;
  readonly #check: CredentialCheck;
  readonly #remembered: RememberedPasswords | undefined;
  #rights: DynamicRights;
  #users: PasswordUsers;
  #steps = { version: 0, perCheck: 1 };

  /** Reads the file; what is wrong with it is told: `FILE: message`. */
  static open(init: DynamicAccessInit): DynamicAccess | readonly string[] {
    const file = new DynamicFile(init.path, init.files, init.save ?? replaceFile);
    const problems = file.open();
    return problems.length > 0 ? problems : new DynamicAccess(init, file);
  }

  private constructor(init: DynamicAccessInit, file: DynamicFile) {
    const { log, maxFailureDelaySeconds, rememberedFile } = init;
    this.#init = init;
    this.#file = file;
    this.#rights = new DynamicRights(file.document);
    this.#users = usersOf(file.document);
    this.#remembered = rememberedFile === undefined
      ? undefined
      : RememberedPasswords.open(rememberedFile, log);
    this.#check = new CredentialCheck({
      files: { get: <T>() => this.#users as T },
      log,
      maxFailureDelaySeconds,
      concurrency: undefined,
      remembered: this.#remembered,
    });
  }

  /** What holds. */
  get document(): DynamicDocument {
    return this.#file.document;
  }

  /** Whether others have changed the file, which was not read since. */
  get isStale(): boolean {
    return this.#file.isStale;
  }

  /** The cost of a question: it may look at all rules of the client that has most. */
  get stepsPerCheck(): number {
    if (this.#steps.version !== this.version) {
      const perCheck = Math.max(1, Math.ceil(this.#rights.mostRules() / RULES_PER_STEP));
      this.#steps = { version: this.version, perCheck };
    }
    return this.#steps.perCheck;
  }

  /** Failed attempts by address. */
  get failures(): ReadonlyMap<string, number> {
    return this.#check.failures;
  }

  /** Whether it is for the listener of this client. */
  covers({ listener }: Pick<ClientIdentity, "listener">): boolean {
    return this.#init.listeners.has(listener) || this.#init.coversOthers === true;
  }

  /** Whether it decides what the client may do: its name is in the file, or it has none. */
  knows({ userName }: Pick<ClientIdentity, "userName">): boolean {
    return isNobody(userName) || this.document.clients.has(userName);
  }

  /** Whether the topic is that of its commands, or of the answers. */
  owns(topicName: string): boolean {
    return topicName.startsWith(CONTROL_TOPIC);
  }

  /** Whether its name is in the file. */
  hasUser({ userName }: ClientIdentity): boolean {
    return !isNobody(userName) && this.document.clients.has(userName);
  }

  /** Whether it may not be here, whatever it proves. */
  isShutOut({ userName, clientId }: ClientIdentity): boolean {
    const client = isNobody(userName) ? undefined : this.document.clients.get(userName);
    return client !== undefined && !isWelcome(client, clientId);
  }

  /** Checks name and password. A name that is not in the file costs as much. */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const { userName = "", password } = request;
    if (password === undefined) return reply(REFUSED);
    this.#check.password(request, userName, this.#file.path).then(
      // It may have been disabled meanwhile; and who guesses hears nothing about that.
      (verdict) => reply(verdict.isAllowed && this.isShutOut(request) ? REFUSED : verdict),
      (error) => {
        const text = error instanceof Error ? error.message : String(error);
        this.#init.log.error("Cannot check a password", { error: text });
        reply({ isAllowed: false, reasonCode: ReasonCode.UnspecifiedError });
      },
    );
  }

  /** Whether the client may publish this. A command is no message to be kept: it has passwords. */
  mayPublish(client: ClientIdentity, topicName: string, _qos: Qos, retain: boolean): boolean {
    if (retain && topicName === CONTROL_TOPIC) return false;
    return this.#rights.decideSend(client, topicName).isAllowed;
  }

  /** Whether a client of these names may publish there. */
  maySend(names: Pick<ClientIdentity, "clientId" | "userName">, topicName: string): boolean {
    return this.#rights.decideSend(names, topicName).isAllowed;
  }

  /** Whether the client may subscribe to this. */
  maySubscribe(client: ClientIdentity, topicFilter: string): boolean {
    return this.#rights.decideSubscribe(client, topicFilter).isAllowed;
  }

  /** Whether the client may end a subscription to this. */
  mayUnsubscribe(client: ClientIdentity, topicFilter: string): boolean {
    return this.#rights.decideUnsubscribe(client, topicFilter).isAllowed;
  }

  /** Whether the client may get what is published there. Commands reach the broker alone, as in mosquitto. */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    return topicName !== CONTROL_TOPIC && this.#rights.decideReceive(client, topicName).isAllowed;
  }

  /** The role and the rule that decide. */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string {
    const [decision, type] = action === "subscribe"
      ? [this.#rights.decideSubscribe(client, topic), "subscribe"]
      : action === "publish"
      ? [this.#rights.decideSend(client, topic), "publishClientSend"]
      : [this.#rights.decideReceive(client, topic), "publishClientReceive"];
    const reason = this.knows(client)
      ? describe(decision, type, topic)
      : "no rule; the client is not in the file";
    return `${this.#file.path}: ${reason}`;
  }

  /** Reads the file again: always, or with `onlyChanged` where others have changed it and it rests. */
  reload(onlyChanged: boolean): { problems: readonly string[]; mayStay?: MayStay } {
    const before = this.document;
    const { isNew, problems } = this.#file.reload(onlyChanged);
    return isNew ? { problems, mayStay: this.#take(before) } : { problems };
  }

  /** Writes another document, which then holds; rejects where it cannot be written. Returns who may stay. */
  async change(document: DynamicDocument): Promise<MayStay> {
    const before = this.document;
    await this.#file.write(document);
    return this.#take(before);
  }

  /** The same where others have the document as well: it holds even if the file cannot be written, which is told. */
  async take(document: DynamicDocument): Promise<MayStay> {
    const before = this.document;
    try {
      await this.#file.write(document);
    } catch (error) {
      this.#file.hold(document);
      const reason = error instanceof Error ? error.message : String(error);
      this.#init.log.error(`Cannot write ${this.#file.path}: it is older than what holds`, {
        error: reason,
      });
    }
    return this.#take(before);
  }

  /** Keeps what the file has in another one; returns its path, or why it is not there. */
  async setAside(): Promise<string> {
    const copy = `${this.#file.path}.replaced`;
    try {
      await this.#file.copyTo(copy);
      return copy;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Writes down which passwords were right, where they are to be remembered. */
  save(isLast: boolean): void {
    this.#remembered?.save(isLast);
  }

  /** The document has changed: answers are by the new one. */
  #take(before: DynamicDocument): MayStay {
    const after = this.document;
    this.#rights = new DynamicRights(after);
    this.#users = usersOf(after);
    this.version++;
    return (client) => {
      const { userName, clientId } = client;
      const earlier = isNobody(userName) ? undefined : before.clients.get(userName);
      if (earlier === undefined || !this.covers(client)) return true;
      const now = after.clients.get(userName!);
      return now !== undefined && isWelcome(now, clientId) &&
        now.password?.text === earlier.password?.text;
    };
  }
}

/** Whether a client may be here under this Client Identifier. */
function isWelcome(client: DynamicClient, clientId: string): boolean {
  return !client.isDisabled && (client.clientId === undefined || client.clientId === clientId);
}

function usersOf({ clients }: DynamicDocument): PasswordUsers {
  const users = new Map<string, DynamicPassword>();
  for (const [name, { password }] of clients) {
    if (password !== undefined) users.set(name, password);
  }
  return users;
}

function describe({ isAllowed, roleName, acl }: DynamicDecision, type: string, topic: string) {
  const verdict = isAllowed ? "allow" : "deny";
  if (acl !== undefined) {
    return `role ${roleName}: ${acl.type} ${acl.topic} ${verdict}, priority ${acl.priority}`;
  }
  if (roleName !== undefined) return `role ${roleName}: allowwildcardsubs is false`;
  if (topic.startsWith("$CONTROL")) return "no rule, and no default lets anybody in there";
  return `no rule; defaultACLAccess ${type} is ${isAllowed}`;
}
