/** Failures that an address may have before it must wait. */
const FREE_FAILURES = 5;
/** How long failures count, milliseconds. */
const WINDOW_MS = 60_000;
/** An address that waits only for attempts in progress may ask again after this time, seconds. */
const UNDER_WAY_SECONDS = 1;
/** Addresses that are remembered. */
const MAX_ADDRESSES = 10_000;

interface Known {
  failures: number;
  /** Until when the failures count, in the clock's milliseconds. */
  untilMs: number;
  /** Attempts in progress. */
  underWay: number;
}

/**
 * Slows down guessing of passwords at the page, by address, beside the limits of access control itself. Attempts in progress count as
 * failures, so making all of them at once does not help.
 */
export class LogInLimit {
  readonly #known = new Map<string, Known>();

  /** Begins an attempt. Returns 0 if it may proceed, until `end`; otherwise the seconds that the address must wait first. */
  begin(address: string, nowMs: number): number {
    const known = this.#known.get(address) ?? { failures: 0, untilMs: 0, underWay: 0 };
    const failures = known.untilMs <= nowMs ? 0 : known.failures;
    if (failures >= FREE_FAILURES) return Math.ceil((known.untilMs - nowMs) / 1000);
    if (failures + known.underWay >= FREE_FAILURES) return UNDER_WAY_SECONDS;
    known.underWay++;
    this.#remember(address, known);
    return 0;
  }

  /** Ends an attempt. */
  end(address: string, isRight: boolean, nowMs: number): void {
    const known = this.#known.get(address) ?? { failures: 0, untilMs: 0, underWay: 1 };
    known.underWay--;
    if (isRight) known.failures = 0;
    else {
      known.failures = (known.untilMs <= nowMs ? 0 : known.failures) + 1;
      known.untilMs = nowMs + WINDOW_MS;
    }
    if (known.failures === 0 && known.underWay === 0) this.#known.delete(address);
    else this.#remember(address, known);
  }

  /** Moves an address to the end, so that the first is the one without attempts for longest, which is dropped when there are too many. */
  #remember(address: string, known: Known): void {
    this.#known.delete(address);
    this.#known.set(address, known);
    if (this.#known.size <= MAX_ADDRESSES) return;
    for (const [oldest] of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}
