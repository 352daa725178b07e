import type {
  AccessPort,
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  LogPort,
} from "../../lib/broker/mod.ts";
import {
  type AccessFileReader,
  DEFAULT_LISTENER_ACCESS,
  FileAccess,
  type ListenerAccess,
} from "../../lib/auth/mod.ts";

/** Files in memory; each change has another stamp. */
export class MemoryFiles implements AccessFileReader {
  readonly #files = new Map<string, { text: string; stamp: number }>();
  #stamps = 0;

  set(path: string, text: string | undefined): void {
    if (text === undefined) this.#files.delete(path);
    else this.#files.set(path, { text, stamp: ++this.#stamps });
  }

  readFile(path: string): string {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error("No such file");
    return file.text;
  }

  stamp(path: string): string {
    return String(this.#files.get(path)?.stamp ?? "");
  }
}

/** What was logged: `warning: message`. */
export class LogLines implements LogPort {
  readonly debugOn = false;
  readonly lines: string[] = [];
  /** What each line says beside its message. */
  readonly fields: Readonly<Record<string, unknown>>[] = [];
  debug = () => {};
  info = this.#writer("info");
  warning = this.#writer("warning");
  error = this.#writer("error");

  #writer(level: string): LogPort["info"] {
    return (message, fields = {}) => {
      this.lines.push(`${level}: ${message}`);
      this.fields.push(fields);
    };
  }
}

/** Access control by files, which are in memory and named as their options. */
export function openFiles(
  texts: Readonly<Record<string, string>>,
  access: Partial<ListenerAccess> = {},
  maxFailureDelaySeconds = 0,
) {
  const files = new MemoryFiles();
  for (const [path, text] of Object.entries(texts)) files.set(path, text);
  const path = (name: string) => name in texts ? name : "";
  const listener: ListenerAccess = {
    ...DEFAULT_LISTENER_ACCESS,
    passwordFile: path("password_file"),
    scramFile: path("scram_file"),
    aclFile: path("acl_file"),
    ...access,
  };
  const log = new LogLines();
  const opened = FileAccess.open({
    listeners: new Map([["test", listener]]),
    log,
    maxFailureDelaySeconds,
    files,
    concurrency: 2,
  });
  if (!(opened instanceof FileAccess)) throw new Error(opened.join("\n"));
  return { access: opened, files, log };
}

/** A client at the listener `test`. */
export function identity(userName: string | undefined, clientId = "c1"): ClientIdentity {
  return {
    clientId,
    userName,
    protocolVersion: 5,
    remoteAddress: "192.0.2.1:1024",
    listener: "test",
  };
}

/** Asks to come in. */
export function authenticate(
  port: AccessPort,
  userName: string | undefined,
  password: string | undefined,
  more: Partial<AuthenticationRequest> = {},
): Promise<AuthenticationVerdict> {
  const request: AuthenticationRequest = {
    ...identity(userName),
    password: password === undefined ? undefined : new TextEncoder().encode(password),
    allowAnonymous: false,
    connect: {
      type: "connect",
      protocolVersion: 5,
      cleanStart: true,
      keepAliveSeconds: 0,
      clientId: "c1",
    },
    ...more,
  };
  return new Promise((resolve) => port.authenticate(request, resolve));
}

/** `in`, `in as NAME` or the Reason Code. */
export function outcome(verdict: AuthenticationVerdict): string {
  if (!verdict.isAllowed) return verdict.reasonCode.toString(16);
  return verdict.userName === undefined ? "in" : `in as ${verdict.userName}`;
}
