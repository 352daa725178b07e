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
import { type Asker, type Check, type CheckOutcome, PasswordChecker } from "./password_checker.ts";
import type { PasswordUsers } from "./password_file.ts";
import { dummyHash, type PasswordHash } from "./password_hash.ts";
import type { RememberedPasswords } from "./remembered_passwords.ts";
import { dummyCredential, type ScramUsers } from "./scram_credential.ts";
import { ScramExchange } from "./scram_exchange.ts";

/** The most passwords that wait to be checked. With more the broker answers that it is busy. */
const MAX_WAITING = 2000;
/** The longest time that a check waits, milliseconds: clients give up after about this time. */
const MAX_WAIT_MS = 10_000;
/** Passwords that are remembered. */
const MAX_REMEMBERED = 20_000;
/** Addresses of failed attempts that are remembered. */
const MAX_ADDRESSES = 10_000;

const NO_PASSWORD = new Uint8Array();
const RATE_EXCEEDED = ReasonCode.ConnectionRateExceeded;

/** The options of the check of credentials. */
export interface CredentialCheckInit {
  /** The users of a file. */
  readonly files: Pick<AccessFiles, "get">;
  /** Told of wrong passwords. */
  readonly log: LogPort;
  /** The longest that an attempt waits after others of its address have failed, seconds; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** Passwords that are checked at once; default: one for each processor but one. */
  readonly concurrency: number | undefined;
  /** Passwords that were right before the process began; absent: none are remembered over a restart. */
  readonly remembered?: RememberedPasswords | undefined;
}

/**
 * Checks passwords and SCRAM exchanges against the users of a file. A user that does not exist costs the same time. Right passwords are
 * remembered, clients whose attempts fail must wait, and a check is dropped when its client has left.
 */
export class CredentialCheck {
  readonly #files: Pick<AccessFiles, "get">;
  readonly #log: LogPort;
  readonly #checker: PasswordChecker;
  readonly #attempts: FailedAttempts;
  readonly #remembered: RememberedPasswords | undefined;
  /** For the salts of users that do not exist. */
  readonly #dummyKey = randomBytes(32);
  #dummies = new WeakMap<PasswordUsers, { readonly hash: PasswordHash; readonly text: string }>();

  constructor(init: CredentialCheckInit) {
    this.#files = init.files;
    this.#log = init.log;
    this.#remembered = init.remembered;
    this.#checker = new PasswordChecker({
      concurrency: init.concurrency ?? Math.max(1, navigator.hardwareConcurrency - 1),
      maxWaiting: MAX_WAITING,
      maxWaitMs: MAX_WAIT_MS,
      nowMs: () => performance.now(),
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
    const check = this.#checkOf(request, userName, path);
    const known = this.#recall(check);
    if (known === true) return { isAllowed: true };
    const asker: Asker = {
      address: addressKey(request.remoteAddress),
      isGone: () => request.signal?.isGone === true,
    };
    // A client that asks the same as another at this moment makes no attempt of its own.
    const joined = await this.#checker.join(check.key, asker);
    if (joined !== undefined) return this.#conclude(request, check, path, joined);
    const attempt = this.#attempts.begin(asker.address, userName);
    if (attempt === undefined) return { isAllowed: false, reasonCode: RATE_EXCEEDED };
    let outcome: CheckOutcome = "dropped";
    let failures = 0;
    try {
      if (attempt.waitMs > 0) await new Promise((resolve) => setTimeout(resolve, attempt.waitMs));
      if (!asker.isGone()) outcome = await this.#checker.check(check, asker);
    } finally {
      failures = attempt.end(
        typeof outcome === "string"
          ? "dropped"
          : outcome
          ? "right"
          : known === false
          ? "repeated"
          : "wrong",
      );
    }
    return this.#conclude(request, check, path, outcome, failures);
  }

  /** Begins an exchange of SCRAM-SHA-256 with the users of the SCRAM file at `path`. */
  scram(request: AuthenticationRequest, path: string): EnhancedExchange {
    const users = () => this.#files.get<ScramUsers>(path);
    const address = addressKey(request.remoteAddress);
    const exchange = new ScramExchange({
      credentialOf: (name) => users().get(name) ?? dummyCredential(this.#dummyKey, name, users()),
      isCurrent: (name, credential) => users().get(name) === credential,
      onFailure: () =>
        this.#sayWrong(request, this.#attempts.fail(address, exchange.userName ?? "")),
    });
    let isFirst = true;
    return {
      step: (data, reply) => {
        if (!isFirst) return exchange.step(data, reply);
        isFirst = false;
        exchange.step(data, (answer) => {
          // It costs almost nothing, and nothing tells that a client has given it up: so none counts as under way.
          const attempt = this.#attempts.begin(address, exchange.userName ?? "");
          if (attempt === undefined) return reply({ type: "failure", reasonCode: RATE_EXCEEDED });
          attempt.end("dropped");
          if (attempt.waitMs === 0) reply(answer);
          else setTimeout(() => reply(answer), attempt.waitMs);
        });
      },
    };
  }

  /** For a user that does not exist, and for an empty password, a hash is checked that nothing fits, which takes as long. */
  #checkOf(request: AuthenticationRequest, user: string, path: string): Check {
    const users = this.#files.get<PasswordUsers>(path);
    const password = request.password ?? NO_PASSWORD;
    const entry = password.length === 0 ? undefined : users.get(user);
    const { text, hash } = entry ?? this.#dummy(users);
    return { user, password, text, hash, key: this.#checker.keyOf({ user, password, text }) };
  }

  #recall(check: Check): boolean | undefined {
    const known = this.#checker.recall(check.key);
    if (known !== undefined || check.text === "" || this.#remembered?.has(check) !== true) {
      return known;
    }
    this.#checker.learn(check.key);
    return true;
  }

  #conclude(
    request: AuthenticationRequest,
    check: Check,
    path: string,
    outcome: CheckOutcome,
    failures?: number,
  ): AuthenticationVerdict {
    if (typeof outcome === "string") {
      return { isAllowed: false, reasonCode: ReasonCode.ServerBusy };
    }
    // The file may have changed in the meantime: check that the hash is still the same.
    const current = this.#files.get<PasswordUsers>(path).get(check.user);
    if (outcome && current?.text === check.text) {
      this.#remembered?.add(check);
      return { isAllowed: true };
    }
    this.#sayWrong(request, failures);
    return { isAllowed: false, reasonCode: ReasonCode.BadUserNameOrPassword };
  }

  #dummy(users: PasswordUsers): { readonly hash: PasswordHash; readonly text: string } {
    let dummy = this.#dummies.get(users);
    if (dummy === undefined) {
      const hash = dummyHash([...users.values()].map((entry) => entry.hash));
      this.#dummies.set(users, dummy = { hash, text: "" });
    }
    return dummy;
  }

  #sayWrong(request: AuthenticationRequest, failures: number | undefined): void {
    this.#log.warning("Wrong user name or password", {
      address: request.remoteAddress,
      clientId: request.clientId,
      userName: request.userName,
      failures,
    });
  }
}
