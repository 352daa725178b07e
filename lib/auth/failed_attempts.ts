import { createHash } from "node:crypto";

/** The limits that slow down guessing. */
export interface FailedAttemptsInit {
  /** The longest time that an attempt waits, milliseconds; 0: none waits. An attempt that would have to wait longer is refused. */
  readonly maxDelayMs: number;
  /** Addresses that are remembered, and as many pairs of an address and a user name. */
  readonly maxAddresses: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** The result of an attempt. `repeated`: the same wrong password as before. `dropped`: its client has left. */
export type AttemptOutcome = "right" | "wrong" | "repeated" | "dropped";

/** An attempt that is allowed. */
export interface Attempt {
  /** How long it must wait before the check, milliseconds. */
  readonly waitMs: number;
  /** Ends the attempt; call it once. Returns how many attempts of its address have failed since the address is remembered. */
  end(outcome: AttemptOutcome): number;
}

/** The first wait, milliseconds; it doubles with each failure. */
const FIRST_DELAY_MS = 100;
/** The limit for one user name from one address. People mistype: a few failures cost nothing, and are forgiven one by one in time. */
const PAIR: Leniency = { freeFailures: 2, forgiveMs: 10_000 };
/** The limit for an address with any names: many devices may share it, one of them with an old password. */
const ADDRESS: Leniency = { freeFailures: 50, forgiveMs: 2000 };
/** A longer user name is remembered by its digest. */
const MAX_NAME_LENGTH = 64;

/**
 * Failed attempts to log in, by address and user name together, and with a higher limit by address alone. After a few failures attempts
 * are allowed one after the other, each later than the one before: a thousand connections guess no faster than one. Attempts under way
 * count as failures, so that it does not help to make all at once. The same wrong password again is no guess, and delays only the
 * client that sends it. All clients of a Unix socket have the same address, so for them only the pair counts.
 */
export class FailedAttempts {
  readonly #pairs: Slowdown;
  readonly #addresses: Slowdown;

  /** There are no failures at first. */
  constructor(init: FailedAttemptsInit) {
    this.#pairs = new Slowdown(init, PAIR);
    this.#addresses = new Slowdown(init, ADDRESS);
  }

  /** Begins an attempt; `undefined`: it would have to wait too long and is refused. */
  begin(address: string, userName: string): Attempt | undefined {
    const pair = `${address} ${shorten(userName)}`;
    const isShared = address.startsWith("unix:");
    const pairWaitMs = this.#pairs.waitMs(pair);
    const addressWaitMs = isShared ? 0 : this.#addresses.waitMs(address);
    if (pairWaitMs === undefined || addressWaitMs === undefined) return undefined;
    this.#pairs.enter(pair);
    this.#addresses.enter(address);
    return {
      waitMs: Math.max(pairWaitMs, addressWaitMs),
      end: (outcome) => {
        this.#pairs.leave(pair, outcome === "wrong" || outcome === "repeated");
        return this.#addresses.leave(address, outcome === "wrong");
      },
    };
  }

  /** Counts a failure without an attempt; returns how many the address has had. */
  fail(address: string, userName: string): number {
    this.#pairs.fail(`${address} ${shorten(userName)}`);
    return this.#addresses.fail(address);
  }

  /** Failures by address, since each is remembered. */
  counts(): ReadonlyMap<string, number> {
    return this.#addresses.totals();
  }
}

/** How many failures are tolerated. */
interface Leniency {
  /** Failures that cost nothing yet. */
  readonly freeFailures: number;
  /** After this time one failure is forgiven, milliseconds. */
  readonly forgiveMs: number;
}

/** What is known of an address, or of one with a user name. */
interface Known {
  /** Failures that are not forgiven, at `atMs`. */
  count: number;
  atMs: number;
  /** When the next attempt may be made. */
  nextMs: number;
  /** Attempts that are not over. */
  underWay: number;
  /** Failures since it is remembered. */
  total: number;
}

/** Failures by a key, and how long each key must wait. */
class Slowdown {
  readonly #init: FailedAttemptsInit;
  readonly #leniency: Leniency;
  readonly #known = new Map<string, Known>();

  constructor(init: FailedAttemptsInit, leniency: Leniency) {
    this.#init = init;
    this.#leniency = leniency;
  }

  /** How long an attempt would have to wait that is made now, milliseconds; `undefined`: too long. */
  waitMs(key: string): number | undefined {
    const { maxDelayMs, nowMs } = this.#init;
    const known = this.#known.get(key);
    if (known === undefined || maxDelayMs === 0) return 0;
    const waitMs = Math.max(0, known.nextMs - nowMs());
    return waitMs > maxDelayMs ? undefined : waitMs;
  }

  /** The attempt is made, and the next one later. */
  enter(key: string): void {
    const now = this.#init.nowMs();
    const known = this.#of(key);
    known.nextMs = Math.max(now, known.nextMs) + this.#delayMs(known, now);
    known.underWay++;
  }

  /** It was made unasked, and failed. */
  fail(key: string): number {
    this.#of(key).underWay++;
    return this.leave(key, true);
  }

  /** It is over; returns how many have failed. */
  leave(key: string, hasFailed: boolean): number {
    const now = this.#init.nowMs();
    const known = this.#known.get(key);
    if (known === undefined) return 0; // Forgotten meanwhile, since there were too many.
    known.underWay = Math.max(0, known.underWay - 1);
    if (hasFailed) {
      known.count = this.#remaining(known, now) + 1;
      known.atMs = now;
      known.total++;
      known.nextMs = Math.max(known.nextMs, now + this.#delayMs(known, now));
      // To the end: the first in the map is the one that has been quiet longest.
      this.#known.delete(key);
      this.#known.set(key, known);
    } else if (known.underWay === 0 && known.total === 0) this.#known.delete(key);
    return known.total;
  }

  totals(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#known].filter(([, { total }]) => total > 0).map(([key, { total }]) => [key, total]),
    );
  }

  #remaining(known: Known, now: number): number {
    return Math.max(0, known.count - Math.floor((now - known.atMs) / this.#leniency.forgiveMs));
  }

  #delayMs(known: Known, now: number): number {
    const excess = this.#remaining(known, now) + known.underWay - this.#leniency.freeFailures;
    if (excess <= 0) return 0;
    return Math.min(this.#init.maxDelayMs, FIRST_DELAY_MS * 2 ** (excess - 1));
  }

  #of(key: string): Known {
    let known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#init.maxAddresses) this.#forgetOldest();
    known = { count: 0, atMs: this.#init.nowMs(), nextMs: 0, underWay: 0, total: 0 };
    this.#known.set(key, known);
    return known;
  }

  #forgetOldest(): void {
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}

/** A name may be 64 KB long: so many of them are not kept. */
function shorten(userName: string): string {
  if (userName.length <= MAX_NAME_LENGTH) return userName;
  return createHash("sha256").update(userName).digest("base64");
}
