import type {
  AccessAction,
  AccessPort,
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  EnhancedExchange,
  LogPort,
  Publisher,
} from "../broker/mod.ts";
import { type Qos, ReasonCode } from "../codec/mod.ts";
import { type AccessFileReader, AccessFiles, DISK } from "./access_files.ts";
import { type Acl, parseAclFile } from "./acl_file.ts";
import { ClientRights } from "./client_rights.ts";
import { CredentialCheck } from "./credential_check.ts";
import { parsePasswordFile, type PasswordUsers } from "./password_file.ts";
import { parseScramFile, type ScramUsers } from "./scram_credential.ts";
import { RememberedPasswords } from "./remembered_passwords.ts";
import { SCRAM_SHA_256 } from "./scram_exchange.ts";

/** Who may come in at one listener and do what; every path may be `""`: there is no such file. */
export interface ListenerAccess {
  /** Users and hashes of their passwords. */
  readonly passwordFile: string;
  /** Users and their SCRAM-SHA-256 credentials. */
  readonly scramFile: string;
  /** Who may read and write which topics; without it everybody may all. */
  readonly aclFile: string;
  /** Whether SUBSCRIBE is refused where nothing could ever be read, or granted always. */
  readonly aclSubscribe: "strict" | "mosquitto";
  /** What a Client Identifier must begin with; `""`: anything. */
  readonly clientIdPrefixes: string;
  /** What of a client's certificate is its user name: then it needs no password, and who has none may not come in. */
  readonly certificateUserName: "none" | "common_name" | "subject";
  /** The file of mosquitto's dynamic security plugin; the same for all listeners that have one. */
  readonly dynamicSecurityFile: string;
}

/** No files: the listener's `allow_anonymous` decides, and every topic is free. */
export const DEFAULT_LISTENER_ACCESS: ListenerAccess = {
  passwordFile: "",
  scramFile: "",
  aclFile: "",
  aclSubscribe: "strict",
  clientIdPrefixes: "",
  certificateUserName: "none",
  dynamicSecurityFile: "",
};

/** What access control by files is made of. */
export interface FileAccessInit {
  /** By the listeners' names; one that is not named has {@linkcode DEFAULT_LISTENER_ACCESS}. */
  readonly listeners: ReadonlyMap<string, ListenerAccess>;
  /** The listener whose rules hold where one is not named: for what came in at another node of a cluster. */
  readonly standIn?: string | undefined;
  /** Told of wrong passwords. */
  readonly log: LogPort;
  /** The longest that an attempt waits after others of its address have failed, seconds; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** Default: the real files. */
  readonly files?: AccessFileReader;
  /** Default: one for each processor but one. */
  readonly concurrency?: number;
  /** A file in which right passwords are remembered over a restart, with their key; absent: they are not. */
  readonly rememberedFile?: string;
}

const NOT_AUTHORIZED: AuthenticationVerdict = {
  isAllowed: false,
  reasonCode: ReasonCode.NotAuthorized,
};

/** Rules that are looked at in the time of one step of a question. */
const RULES_PER_STEP = 3;

/** The most rules that one client has. */
function mostRules({ users, anonymous, patterns }: Acl): number {
  const own = [anonymous, ...users.values()].map((rules) => rules.length);
  return patterns.length + Math.max(...own);
}

/** Access control by password, SCRAM and ACL files. */
export class FileAccess implements AccessPort {
  /** {@linkcode AccessPort.version} */
  version = 1;
  /** {@linkcode AccessPort.checksTopics} */
  readonly checksTopics: boolean;
  readonly #init: FileAccessInit;
  readonly #files: AccessFiles;
  readonly #check: CredentialCheck;
  readonly #remembered: RememberedPasswords | undefined;
  #rights = new WeakMap<Publisher, ClientRights | null>();
  #steps = { version: 0, perCheck: 1 };

  /** Reads all files; what is wrong with them is told: `FILE:LINE: message`. */
  static open(init: FileAccessInit): FileAccess | readonly string[] {
    const access = new FileAccess(init);
    const problems: string[] = [];
    for (const { passwordFile, scramFile, aclFile } of init.listeners.values()) {
      if (passwordFile !== "") {
        problems.push(...access.#files.open(passwordFile, parsePasswordFile));
      }
      if (scramFile !== "") problems.push(...access.#files.open(scramFile, parseScramFile));
      if (aclFile !== "") problems.push(...access.#files.open(aclFile, parseAclFile));
    }
    return problems.length > 0 ? [...new Set(problems)] : access;
  }

  private constructor(init: FileAccessInit) {
    this.#init = init;
    this.#files = new AccessFiles(init.files ?? DISK);
    this.checksTopics = [...init.listeners.values()].some(({ aclFile }) => aclFile !== "");
    const { log, maxFailureDelaySeconds, concurrency } = init;
    const files = this.#files;
    const { rememberedFile } = init;
    this.#remembered = rememberedFile === undefined
      ? undefined
      : RememberedPasswords.open(rememberedFile, log);
    const remembered = this.#remembered;
    this.#check = new CredentialCheck({
      files,
      log,
      maxFailureDelaySeconds,
      concurrency,
      remembered,
    });
  }

  /** {@linkcode AccessPort.stepsPerCheck}: a question may look at all rules of the client that has most. */
  get stepsPerCheck(): number {
    if (this.#steps.version !== this.version) {
      const paths = [...this.#init.listeners.values()].map(({ aclFile }) => aclFile);
      const counts = paths.filter((path) => path !== "")
        .map((path) => mostRules(this.#files.get<Acl>(path)));
      const perCheck = Math.max(1, ...counts.map((count) => Math.ceil(count / RULES_PER_STEP)));
      this.#steps = { version: this.version, perCheck };
    }
    return this.#steps.perCheck;
  }

  /** Failed attempts by address. */
  get failures(): ReadonlyMap<string, number> {
    return this.#check.failures;
  }

  /** Writes down which passwords were right, where they are to be remembered; from time to time, and at the end. */
  save(isLast = false): void {
    this.#remembered?.save(isLast);
  }

  /** The verdict that needs no name and password, by the Client Identifier or a certificate; `undefined`: there is none. */
  settle(request: AuthenticationRequest): AuthenticationVerdict | undefined {
    const listener = this.#listener(request);
    if (!this.#hasPrefix(request, listener)) return NOT_AUTHORIZED;
    const { certificateUserName } = listener;
    return certificateUserName === "none"
      ? undefined
      : verdictOfCertificate(request, certificateUserName);
  }

  /** Whether users have passwords at its listener. */
  hasPasswords(client: ClientIdentity): boolean {
    return this.#listener(client).passwordFile !== "";
  }

  /** Whether its name is that of a user with a password. */
  hasUser(client: ClientIdentity): boolean {
    const { passwordFile } = this.#listener(client);
    const userName = nameOf(client);
    return passwordFile !== "" && userName !== undefined &&
      this.#files.get<PasswordUsers>(passwordFile).has(userName);
  }

  /** Whether there are rules for topics at its listener. */
  hasRules(client: Pick<ClientIdentity, "listener">): boolean {
    return this.#listener(client).aclFile !== "";
  }

  /** {@linkcode AccessPort.authenticate} */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void {
    const { allowAnonymous } = request;
    const userName = nameOf(request);
    const listener = this.#listener(request);
    const settled = this.settle(request);
    if (settled !== undefined) return reply(settled);
    if (userName === undefined || listener.passwordFile === "") {
      return reply(allowAnonymous ? { isAllowed: true } : NOT_AUTHORIZED);
    }
    this.#check.password(request, userName, listener.passwordFile).then(reply, (error) => {
      this.#init.log.error("Cannot check a password", {
        error: error instanceof Error ? error.message : String(error),
      });
      reply({ isAllowed: false, reasonCode: ReasonCode.UnspecifiedError });
    });
  }

  /** {@linkcode AccessPort.beginEnhanced} */
  beginEnhanced(method: string, request: AuthenticationRequest): EnhancedExchange | undefined {
    const listener = this.#listener(request);
    const { scramFile } = listener;
    if (method !== SCRAM_SHA_256 || scramFile === "") return undefined;
    if (!this.#hasPrefix(request, listener)) {
      const reasonCode = ReasonCode.NotAuthorized;
      return { step: (_, reply) => reply({ type: "failure", reasonCode }) };
    }
    return this.#check.scram(request, scramFile);
  }

  /** {@linkcode AccessPort.mayPublish} */
  mayPublish(client: ClientIdentity, topicName: string): boolean {
    return this.#rightsOf(client)?.mayWrite(topicName) ?? true;
  }

  /** {@linkcode AccessPort.mayStillPublish}: of a listener that is not there nobody has rules, unless one stands in for it. */
  mayStillPublish(publisher: Publisher, topicName: string): boolean {
    return this.#rightsOf(publisher)?.mayWrite(topicName) ?? true;
  }

  /** {@linkcode AccessPort.maySubscribe} */
  maySubscribe(client: ClientIdentity, topicFilter: string, _qos: Qos): boolean {
    if (this.#listener(client).aclSubscribe === "mosquitto") return true;
    return this.#rightsOf(client)?.decideSubscribe(topicFilter).isAllowed ?? true;
  }

  /** {@linkcode AccessPort.mayRead} */
  mayRead(client: ClientIdentity, topicName: string): boolean {
    return this.#rightsOf(client)?.decide("read", topicName).isAllowed ?? true;
  }

  /** {@linkcode AccessPort.explain} */
  explain(client: ClientIdentity, action: AccessAction, topic: string): string | undefined {
    const { aclFile, aclSubscribe } = this.#listener(client);
    const rights = this.#rightsOf(client);
    if (rights === null) return undefined;
    if (action === "subscribe" && aclSubscribe === "mosquitto") {
      return "acl_subscribe is mosquitto, which grants every filter";
    }
    const { rule } = action === "subscribe"
      ? rights.decideSubscribe(topic)
      : rights.decide(action === "publish" ? "write" : "read", topic);
    const verb = action === "publish" ? "write" : "read";
    return rule === undefined
      ? `No line of ${aclFile} lets it ${verb} there`
      : `${aclFile}:${rule.line}: ${rule.text}`;
  }

  /**
   * Reads the files again: all, or with `onlyChanged` those that have changed since and rest. A bad file leaves what was read
   * before in force. `mayStay` is there where something changed: who may not stay has lost its user name or password.
   */
  reload(onlyChanged = false): {
    readonly problems: readonly string[];
    readonly mayStay?: (client: ClientIdentity) => boolean;
  } {
    const paths = onlyChanged ? this.#files.changed() : undefined;
    if (paths?.length === 0) return { problems: [] };
    const before = this.#credentials();
    const { isNew, problems } = this.#files.reload(paths);
    if (!isNew) return { problems };
    this.#rights = new WeakMap();
    this.version++;
    const after = this.#credentials();
    const mayStay = (client: ClientIdentity) => {
      const { passwordFile, scramFile, certificateUserName } = this.#listener(client);
      const userName = nameOf(client);
      if (userName === undefined || certificateUserName !== "none") return true;
      return [passwordFile, scramFile].every((path) => {
        const earlier = before.get(path)?.get(userName);
        return earlier === undefined || earlier === after.get(path)?.get(userName);
      });
    };
    return { problems, mayStay };
  }

  /** The text of every user's credential, by file. */
  #credentials(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    const paths = [...this.#init.listeners.values()].flatMap(({ passwordFile, scramFile }) => [
      passwordFile,
      scramFile,
    ]);
    return new Map(
      paths.filter((path) => path !== "").map((path) => {
        const users = this.#files.get<PasswordUsers | ScramUsers>(path);
        return [path, new Map([...users].map(([name, { text }]) => [name, text]))];
      }),
    );
  }

  /** The client is only told that it is not authorized; the reason goes to the log. */
  #hasPrefix(request: AuthenticationRequest, { clientIdPrefixes }: ListenerAccess): boolean {
    const { clientId, remoteAddress: address } = request;
    if (clientId.startsWith(clientIdPrefixes)) return true;
    const message = "Client Identifier does not begin with clientid_prefixes";
    this.#init.log.warning(message, { address, clientId, clientIdPrefixes });
    return false;
  }

  #listener({ listener }: Pick<ClientIdentity, "listener">): ListenerAccess {
    const { listeners, standIn = "" } = this.#init;
    return listeners.get(listener) ?? listeners.get(standIn) ?? DEFAULT_LISTENER_ACCESS;
  }

  /** `null`: nothing is checked. */
  #rightsOf(client: Publisher): ClientRights | null {
    let rights = this.#rights.get(client);
    if (rights === undefined) {
      const { aclFile } = this.#listener(client);
      rights = aclFile === ""
        ? null
        : new ClientRights(this.#files.get<Acl>(aclFile), client.userName, client.clientId);
      this.#rights.set(client, rights);
    }
    return rights;
  }
}

/** An empty user name is none, as in mosquitto: the client is anonymous. */
function nameOf({ userName }: ClientIdentity): string | undefined {
  return userName === "" ? undefined : userName;
}

function verdictOfCertificate(
  { certificate }: AuthenticationRequest,
  part: "common_name" | "subject",
): AuthenticationVerdict {
  const userName = part === "subject" ? certificate?.subject : certificate?.commonName;
  return userName === undefined || userName === "" ? NOT_AUTHORIZED : { isAllowed: true, userName };
}
