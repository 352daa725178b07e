import { randomBytes } from "node:crypto";
import {
  addressKey,
  type AuthenticationRequest,
  type AuthenticationVerdict,
  type EnhancedExchange,
  type LogPort,
} from "../broker/mod.ts";
import { ReasonCode } from "../codec/mod.ts";
import type { AccessFiles } from "./access_files.ts";
import { FailedAttempts } from "./failed_attempts.ts";
import { type CheckOutcome, PasswordChecker } from "./password_checker.ts";
import type { PasswordUsers } from "./password_file.ts";
import { dummyHash, type PasswordHash } from "./password_hash.ts";
import { dummyCredential, type ScramUsers } from "./scram_credential.ts";
import { ScramExchange } from "./scram_exchange.ts";

/** Passwords that wait to be checked. More than this, and the broker says that it is busy. */
const MAX_WAITING = 10_000;
/** Passwords that are remembered. */
const MAX_REMEMBERED = 20_000;
/** Addresses of failed attempts that are remembered. */
const MAX_ADDRESSES = 10_000;

const NO_PASSWORD = new Uint8Array();

/** What the check of credentials is made of. */
export interface CredentialCheckInit {
  /** All that are named to it are open in it. */
  readonly files: AccessFiles;
  /** Told of wrong passwords. */
  readonly log: LogPort;
  /** The longest that an attempt waits after others of its address have failed, seconds; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** Passwords that are checked at once; default: one for each processor but one. */
  readonly concurrency: number | undefined;
}

/**
 * Whether somebody is who they say: passwords and SCRAM exchanges against the users of a file. It costs the same for users that do
 * not exist, what was right is remembered, and whose attempts fail waits.
 */
export class CredentialCheck {
  readonly #files: AccessFiles;
  readonly #log: LogPort;
  readonly #checker: PasswordChecker;
  readonly #attempts: FailedAttempts;
  /** For the salts of users that do not exist. */
  readonly #dummyKey = randomBytes(32);
  #dummies = new WeakMap<PasswordUsers, { readonly hash: PasswordHash; readonly text: string }>();

  constructor(init: CredentialCheckInit) {
    this.#files = init.files;
    this.#log = init.log;
    this.#checker = new PasswordChecker({
      concurrency: init.concurrency ?? Math.max(1, navigator.hardwareConcurrency - 1),
      maxWaiting: MAX_WAITING,
      maxRemembered: MAX_REMEMBERED,
    });
    this.#attempts = new FailedAttempts({
      maxDelayMs: init.maxFailureDelaySeconds * 1000,
      maxAddresses: MAX_ADDRESSES,
      nowMs: () => performance.now(),
    });
  }

  /** Failed attempts by address. */
  get failures(): ReadonlyMap<string, number> {
    return this.#attempts.counts();
  }

  /** Checks the password of a request against the password file at `path`. */
  async password(
    request: AuthenticationRequest,
    userName: string,
    path: string,
  ): Promise<AuthenticationVerdict> {
    const password = request.password ?? NO_PASSWORD;
    const known = this.#recall(userName, password, path);
    if (known === true) return { isAllowed: true };
    const waitMs = this.#attempts.enter(addressKey(request.remoteAddress));
    if (waitMs === undefined) {
      return { isAllowed: false, reasonCode: ReasonCode.ConnectionRateExceeded };
    }
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const outcome = await this.#check(userName, password, path);
    if (outcome === "busy") return { isAllowed: false, reasonCode: ReasonCode.ServerBusy };
    if (outcome) return { isAllowed: true };
    this.#fail(request);
    return { isAllowed: false, reasonCode: ReasonCode.BadUserNameOrPassword };
  }

  /** Begins an exchange of SCRAM-SHA-256 with the users of the SCRAM file at `path`. */
  scram(request: AuthenticationRequest, path: string): EnhancedExchange {
    const users = () => this.#files.get<ScramUsers>(path);
    const exchange = new ScramExchange({
      credentialOf: (name) => users().get(name) ?? dummyCredential(this.#dummyKey, name, users()),
      isCurrent: (name, credential) => users().get(name) === credential,
      onFailure: () => this.#fail(request),
    });
    let isFirst = true;
    return {
      step: (data, reply) => {
        const waitMs = isFirst ? this.#attempts.enter(addressKey(request.remoteAddress)) : 0;
        isFirst = false;
        if (waitMs === undefined) {
          return reply({ type: "failure", reasonCode: ReasonCode.ConnectionRateExceeded });
        }
        if (waitMs === 0) exchange.step(data, reply);
        else setTimeout(() => exchange.step(data, reply), waitMs);
      },
    };
  }

  #recall(userName: string, password: Uint8Array, path: string): boolean | undefined {
    const entry = this.#files.get<PasswordUsers>(path).get(userName);
    return entry === undefined ? undefined : this.#checker.recall(userName, password, entry.text);
  }

  /** For a user that does not exist a hash is checked that nobody has: that takes as long. */
  async #check(userName: string, password: Uint8Array, path: string): Promise<CheckOutcome> {
    const users = this.#files.get<PasswordUsers>(path);
    const entry = users.get(userName);
    const { text, hash } = entry ?? this.#dummy(users);
    const outcome = await this.#checker.check(userName, password, text, hash);
    if (outcome !== true) return outcome;
    // The file may have changed meanwhile: what was right must still be so.
    const current = this.#files.get<PasswordUsers>(path).get(userName);
    return entry !== undefined && current?.text === text;
  }

  #dummy(users: PasswordUsers): { readonly hash: PasswordHash; readonly text: string } {
    let dummy = this.#dummies.get(users);
    if (dummy === undefined) {
      const hash = dummyHash([...users.values()].map((entry) => entry.hash));
      this.#dummies.set(users, dummy = { hash, text: "" });
    }
    return dummy;
  }

  #fail(request: AuthenticationRequest): void {
    const address = addressKey(request.remoteAddress);
    const failures = this.#attempts.fail(address);
    this.#log.warning("Wrong user name or password", {
      address: request.remoteAddress,
      clientId: request.clientId,
      userName: request.userName,
      failures,
    });
  }
}
