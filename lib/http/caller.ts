import { type AccessPort, addressKey, type ClientIdentity } from "../broker/mod.ts";
import type { HttpListenerInit, StreamPeer } from "./context.ts";
import { PAGE_HEADER } from "./guard.ts";
import { LogInLimit } from "./log_in_limit.ts";
import { Problem } from "./problem.ts";
import type { Role } from "./role.ts";
import { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

/** The sender of a request. */
export interface Caller {
  /** The caller's rights. */
  readonly role: Role;
  /** How the caller was identified: not at all (the listener is open to all), by log-in, by a token, or by a certificate. */
  readonly by: "open" | "session" | "token" | "certificate";
  /** The identity by which access control decides what this caller may publish and read. */
  readonly identity: ClientIdentity;
}

/** The Client Identifier that access control gets, since no client is connected. */
const API_CLIENT_ID = "http-api";

/** Identifies the callers at one listener for HTTP. */
export class Callers {
  readonly #init: HttpListenerInit;
  readonly #access: AccessPort;
  readonly #tokens: Tokens | undefined;
  readonly #sessions = new Sessions();
  readonly #limit = new LogInLimit();
  readonly #now: () => number;

  /** `now`: the clock, milliseconds. */
  constructor(
    init: HttpListenerInit,
    access: AccessPort,
    tokens: Tokens | undefined,
    now: () => number,
  ) {
    this.#init = init;
    this.#access = access;
    this.#tokens = tokens;
    this.#now = now;
  }

  /** Whether no user is configured, so that everybody who reaches the listener is allowed. */
  get isOpen(): boolean {
    const { admins, viewers } = this.#init;
    return admins.length === 0 && viewers.length === 0 && this.#tokens === undefined;
  }

  /** Whether users can log in. */
  get hasUsers(): boolean {
    return this.#init.admins.length + this.#init.viewers.length > 0;
  }

  /** Identifies the sender of a request; `undefined` if unknown. */
  async find(request: Request, peer: StreamPeer): Promise<Caller | undefined> {
    const { remoteAddress } = peer;
    const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) {
      const role = await this.#tokens?.roleOf(bearer);
      return role && { role, by: "token", identity: this.#identity(undefined, remoteAddress) };
    }
    if (this.isOpen) {
      return { role: "admin", by: "open", identity: this.#identity(undefined, remoteAddress) };
    }
    const certified = this.#certified(peer);
    if (certified !== undefined) return certified;
    const secret = this.#cookieOf(request);
    if (secret === undefined) return undefined;
    const session = await this.#sessions.find(secret, this.#access.version, this.#now());
    if (session === undefined) return undefined;
    const { role, userName } = session;
    return { role, by: "session", identity: this.#identity(userName, remoteAddress) };
  }

  /** The user named by a certificate, if the listener takes user names from certificates. */
  #certified({ certificate, remoteAddress }: StreamPeer): Caller | undefined {
    const { certificateUserName = "none" } = this.#init;
    if (certificate === undefined || certificateUserName === "none") return undefined;
    const userName = certificateUserName === "subject"
      ? certificate.subject
      : certificate.commonName;
    const role = this.#roleOf(userName);
    return role &&
      { role, by: "certificate", identity: this.#identity(userName, remoteAddress) };
  }

  /** Throws a {@linkcode Problem} if the caller may not change anything, or if a page of another origin may have caused the request. */
  checkChange(caller: Caller, request: Request): void {
    if (caller.role !== "admin") throw new Problem(403, "A viewer may look, but change nothing");
    this.checkPage(caller, request);
  }

  /** Checks for the header that only our own page, or a program, can send. */
  checkPage(caller: Caller | undefined, request: Request): void {
    if (caller?.by === "token" || request.headers.has(PAGE_HEADER)) return;
    throw new Problem(
      403,
      `Needs the header ${PAGE_HEADER}, which pages of other sites cannot send`,
    );
  }

  /** Logs in; returns the `Set-Cookie` header. Throws a {@linkcode Problem}. */
  async logIn(userName: string, password: string, remoteAddress: string): Promise<string> {
    const address = addressKey(remoteAddress);
    const waitSeconds = this.#limit.begin(address, this.#now());
    if (waitSeconds > 0) {
      throw new Problem(429, `Too many attempts have failed: wait ${waitSeconds} s`, {
        "retry-after": String(waitSeconds),
      });
    }
    const role = this.#roleOf(userName);
    let isIn = false;
    try {
      // A user without a role takes as long as a wrong password, so nobody learns which it was.
      isIn = await this.#isPassword(userName, password, remoteAddress) && role !== undefined;
    } finally {
      this.#limit.end(address, isIn, this.#now());
    }
    if (role === undefined || !isIn) {
      throw new Problem(
        401,
        "The user name or the password is wrong, or the user has no role here",
      );
    }
    const { version } = this.#access;
    return this.#cookie(await this.#sessions.begin(userName, role, version, this.#now()));
  }

  /** Logs out; returns the `Set-Cookie` header that deletes the cookie. */
  async logOut(request: Request): Promise<string> {
    const secret = this.#cookieOf(request);
    if (secret !== undefined) await this.#sessions.end(secret);
    return `${this.#cookie("")}; Max-Age=0`;
  }

  #roleOf(userName: string): Role | undefined {
    if (this.#init.admins.includes(userName)) return "admin";
    return this.#init.viewers.includes(userName) ? "viewer" : undefined;
  }

  #isPassword(userName: string, password: string, remoteAddress: string): Promise<boolean> {
    const identity = this.#identity(userName, remoteAddress);
    return new Promise((resolve) =>
      this.#access.authenticate({
        ...identity,
        clientId: this.#init.clientIdPrefixes + API_CLIENT_ID,
        password: new TextEncoder().encode(password),
        allowAnonymous: false,
        connect: {
          type: "connect",
          protocolVersion: 5,
          cleanStart: true,
          keepAliveSeconds: 0,
          clientId: API_CLIENT_ID,
          userName,
        },
        // Somebody who is admitted under another name than the one given, by a token for example, is not that user.
      }, (verdict) => resolve(verdict.isAllowed && (verdict.userName ?? userName) === userName))
    );
  }

  #identity(userName: string | undefined, remoteAddress: string): ClientIdentity {
    const { name: listener } = this.#init.options;
    return { clientId: API_CLIENT_ID, userName, protocolVersion: 5, remoteAddress, listener };
  }

  /** Cookies are shared between ports, so each broker on a machine uses its own cookie name. */
  get #cookieName(): string {
    return `flux_mqtt_${this.#init.options.name.replace(/[^A-Za-z0-9]/g, "_")}`;
  }

  #cookie(value: string): string {
    const secure = this.#init.tls === undefined ? "" : "; Secure";
    return `${this.#cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}`;
  }

  #cookieOf(request: Request): string | undefined {
    for (const part of (request.headers.get("cookie") ?? "").split(";")) {
      const [name, value] = part.trim().split("=", 2);
      if (name === this.#cookieName && value !== undefined && value !== "") return value;
    }
    return undefined;
  }
}
