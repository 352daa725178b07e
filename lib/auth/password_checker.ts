import { hash, randomBytes } from "node:crypto";
import { CheckQueue } from "./check_queue.ts";
import { type PasswordHash, verifyPassword } from "./password_hash.ts";

const encoder = new TextEncoder();

/** The limits of a checker. */
export interface PasswordCheckerInit {
  /** Checks under way at once: each takes a processor for as long as it lasts. */
  readonly concurrency: number;
  /** Checks that may wait for their turn. */
  readonly maxWaiting: number;
  /** The longest time that a check may wait, milliseconds. Then it is given up, because its client will give up too. */
  readonly maxWaitMs: number;
  /** The most right passwords that are remembered; of wrong ones a tenth of it. */
  readonly maxRemembered: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
  /** Default: {@linkcode verifyPassword}. */
  readonly verify?: (hash: PasswordHash, password: Uint8Array) => Promise<boolean>;
}

/** `busy`: too many wait, or it waited too long; `dropped`: its client has left. */
export type CheckOutcome = boolean | "busy" | "dropped";

/** The client that asks. */
export interface Asker {
  /** Each address has its turn. */
  readonly address: string;
  /** Whether the client has left meanwhile. */
  readonly isGone: () => boolean;
}

/** A password and the user name that came with it. */
export interface Claim {
  readonly user: string;
  readonly password: Uint8Array;
  /** The user's hash as it stands in the file. */
  readonly text: string;
}

/** A password to check. */
export interface Check extends Claim {
  /** The parsed hash. */
  readonly hash: PasswordHash;
  /** By which the answer is remembered: see {@linkcode PasswordChecker.keyOf}. */
  readonly key: string;
}

/** A check that waits or is under way. Others that ask the same share it. */
interface UnderWay {
  readonly outcome: Promise<CheckOutcome>;
  readonly askers: Asker[];
}

/**
 * Checks passwords a few at a time and remembers the answers, so that five thousand clients that come back at once cost five
 * thousand digests, not five thousand key derivations. What is remembered is a digest of user, password and hash under a key that
 * this process made up, and that is in its memory alone.
 */
export class PasswordChecker {
  readonly #verify: (hash: PasswordHash, password: Uint8Array) => Promise<boolean>;
  readonly #key = randomBytes(32);
  readonly #right: Recent;
  readonly #wrong: Recent;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #queue: CheckQueue;

  /** No answer is remembered at first. */
  constructor(init: PasswordCheckerInit) {
    this.#verify = init.verify ?? verifyPassword;
    this.#right = new Recent(init.maxRemembered);
    this.#wrong = new Recent(Math.ceil(init.maxRemembered / 10));
    this.#queue = new CheckQueue(init);
  }

  /** The key under which an answer is remembered. It is made once for each check, because it costs most here. */
  keyOf({ user, password, text }: Claim): string {
    // Lengths go in with the parts: no two triples make the same bytes. One call: an HMAC of Node's is two streams, which cost three times
    // as much, and nobody sees the digest, so that none can be continued.
    const parts = encoder.encode(`${user.length} ${password.length} ${user}${text}`);
    const bytes = new Uint8Array(this.#key.length + parts.length + password.length);
    bytes.set(this.#key);
    bytes.set(parts, this.#key.length);
    bytes.set(password, this.#key.length + parts.length);
    return hash("sha256", bytes, "base64");
  }

  /** What is known without a check. */
  recall(key: string): boolean | undefined {
    if (this.#right.has(key)) return true;
    return this.#wrong.has(key) ? false : undefined;
  }

  /** Remembers a password that was found right elsewhere. */
  learn(key: string): void {
    this.#right.add(key);
  }

  /** The answer to the same check where that waits or is under way already; `undefined`: there is none. */
  join(key: string, asker: Asker): Promise<CheckOutcome> | undefined {
    const same = this.#underWay.get(key);
    same?.askers.push(asker);
    return same?.outcome;
  }

  /** Whether the password is right. Two who ask the same at once share one check. */
  check(check: Check, asker: Asker): Promise<CheckOutcome> {
    const { key } = check;
    const known = this.recall(key);
    if (known !== undefined) return Promise.resolve(known);
    const joined = this.join(key, asker);
    if (joined !== undefined) return joined;
    const askers = [asker];
    const outcome = this.#run(check, askers).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, { outcome, askers });
    return outcome;
  }

  async #run({ key, hash, password }: Check, askers: readonly Asker[]): Promise<CheckOutcome> {
    const isGone = () => askers.every((asker) => asker.isGone());
    const turn = await this.#queue.enter(askers[0]!.address, isGone);
    if (turn !== "begin") return turn;
    try {
      const isRight = await this.#verify(hash, password);
      (isRight ? this.#right : this.#wrong).add(key);
      return isRight;
    } finally {
      this.#queue.leave();
    }
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
