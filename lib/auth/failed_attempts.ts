/** What slows down whoever guesses. */
export interface FailedAttemptsInit {
  /** The longest that an attempt waits, milliseconds; 0: nobody is slowed. What would have to wait longer is refused. */
  readonly maxDelayMs: number;
  /** Addresses that are remembered. */
  readonly maxAddresses: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** The first wait, milliseconds; it doubles with each failure. */
const FIRST_DELAY_MS = 100;
/** Failures that cost nothing yet: people mistype. */
const FREE_FAILURES = 2;
/** After this time one failure is forgiven, milliseconds. */
const FORGIVE_MS = 10_000;

interface Address {
  /** Failures that are not forgiven, at `atMs`. */
  count: number;
  atMs: number;
  /** When the next attempt may be made. */
  nextMs: number;
  /** Since the address is remembered. */
  total: number;
}

/**
 * Failed attempts to come in, by address. After a few, attempts of that address are let through one after the other, each
 * later than the one before: a thousand connections guess no faster than one.
 */
export class FailedAttempts {
  readonly #init: FailedAttemptsInit;
  readonly #addresses = new Map<string, Address>();

  /** Nobody has failed at first. */
  constructor(init: FailedAttemptsInit) {
    this.#init = init;
  }

  /** How many milliseconds the attempt must wait that is made now; `undefined`: too long, refuse it. */
  enter(address: string): number | undefined {
    const { maxDelayMs, nowMs } = this.#init;
    const known = this.#addresses.get(address);
    if (known === undefined || maxDelayMs === 0) return 0;
    const now = nowMs();
    const delayMs = this.#delayMs(known, now);
    const atMs = Math.max(now, known.nextMs);
    if (atMs - now > maxDelayMs) return undefined;
    known.nextMs = atMs + delayMs;
    return atMs - now;
  }

  /** Counts a failure; returns how many the address has had. */
  fail(address: string): number {
    const { maxAddresses, nowMs } = this.#init;
    const now = nowMs();
    let known = this.#addresses.get(address);
    if (known === undefined) {
      known = { count: 0, atMs: now, nextMs: 0, total: 0 };
      if (this.#addresses.size >= maxAddresses) this.#forgetOldest();
    }
    known.count = this.#remaining(known, now) + 1;
    known.atMs = now;
    known.total++;
    known.nextMs = Math.max(known.nextMs, now + this.#delayMs(known, now));
    // To the end: the first in the map is the one that has been quiet longest.
    this.#addresses.delete(address);
    this.#addresses.set(address, known);
    return known.total;
  }

  /** Failures by address, since each is remembered. */
  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#addresses].map(([address, { total }]) => [address, total]));
  }

  #remaining(known: Address, now: number): number {
    return Math.max(0, known.count - Math.floor((now - known.atMs) / FORGIVE_MS));
  }

  #delayMs(known: Address, now: number): number {
    const excess = this.#remaining(known, now) - FREE_FAILURES;
    if (excess <= 0) return 0;
    return Math.min(this.#init.maxDelayMs, FIRST_DELAY_MS * 2 ** (excess - 1));
  }

  #forgetOldest(): void {
    for (const oldest of this.#addresses.keys()) return void this.#addresses.delete(oldest);
  }
}
