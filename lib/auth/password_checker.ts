import { createHmac, randomBytes } from "node:crypto";
import { type PasswordHash, verifyPassword } from "./password_hash.ts";

/** How much a checker does and remembers. */
export interface PasswordCheckerInit {
  /** Checks under way at once: each takes a processor for as long as it lasts. */
  readonly concurrency: number;
  /** Checks that may wait for their turn. */
  readonly maxWaiting: number;
  /** Right passwords that are remembered, and as many tenths of wrong ones. */
  readonly maxRemembered: number;
  /** Default: {@linkcode verifyPassword}. */
  readonly verify?: (hash: PasswordHash, password: Uint8Array) => Promise<boolean>;
}

/** `busy`: too many wait. */
export type CheckOutcome = boolean | "busy";

/**
 * Checks passwords a few at a time and remembers the answers, so that five thousand clients that come back at once cost five
 * thousand HMACs, not five thousand key derivations. What is remembered is an HMAC of user, password and hash under a key that
 * this process made up: neither the memory nor a dump of it can be turned back into passwords cheaper than the file can.
 */
export class PasswordChecker {
  readonly #init: PasswordCheckerInit;
  readonly #verify: (hash: PasswordHash, password: Uint8Array) => Promise<boolean>;
  readonly #key = randomBytes(32);
  readonly #right: Recent;
  readonly #wrong: Recent;
  readonly #underWay = new Map<string, Promise<CheckOutcome>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** Nothing is remembered at first. */
  constructor(init: PasswordCheckerInit) {
    this.#init = init;
    this.#verify = init.verify ?? verifyPassword;
    this.#right = new Recent(init.maxRemembered);
    this.#wrong = new Recent(Math.ceil(init.maxRemembered / 10));
  }

  /** What is known without a check; `text` is the user's hash as it stands in the file. */
  recall(user: string, password: Uint8Array, text: string): boolean | undefined {
    const key = this.#keyOf(user, password, text);
    if (this.#right.has(key)) return true;
    return this.#wrong.has(key) ? false : undefined;
  }

  /** Whether the password is right. Two who ask the same at once share one check. */
  check(
    user: string,
    password: Uint8Array,
    text: string,
    hash: PasswordHash,
  ): Promise<CheckOutcome> {
    const key = this.#keyOf(user, password, text);
    if (this.#right.has(key)) return Promise.resolve(true);
    if (this.#wrong.has(key)) return Promise.resolve(false);
    const same = this.#underWay.get(key);
    if (same !== undefined) return same;
    const check = this.#run(key, hash, password).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, check);
    return check;
  }

  async #run(key: string, hash: PasswordHash, password: Uint8Array): Promise<CheckOutcome> {
    const { concurrency, maxWaiting } = this.#init;
    if (this.#running >= concurrency) {
      if (this.#waiting.length >= maxWaiting) return "busy";
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      const isRight = await this.#verify(hash, password);
      (isRight ? this.#right : this.#wrong).add(key);
      return isRight;
    } finally {
      // The place goes from hand to hand, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Lengths go in with the parts: no two triples make the same bytes. */
  #keyOf(user: string, password: Uint8Array, text: string): string {
    return createHmac("sha256", this.#key)
      .update(`${user.length} ${password.length} ${user}${text}`).update(password)
      .digest("base64");
  }
}

/** A bounded set: what was not asked for longest goes first. */
class Recent {
  readonly #keys = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  add(key: string): void {
    if (this.#keys.size >= this.#limit) {
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    }
    this.#keys.add(key);
  }
}
