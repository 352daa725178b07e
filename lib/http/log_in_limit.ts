/** Failures of an address before it has to wait. */
const FREE_FAILURES = 5;
/** For so long they count, milliseconds. */
const WINDOW_MS = 60_000;
/** Who waits only for attempts that are under way may ask again after this time, seconds. */
const UNDER_WAY_SECONDS = 1;
/** Addresses that are remembered. */
const MAX_ADDRESSES = 10_000;

interface Known {
  failures: number;
  /** Until when these count, in the clock's milliseconds. */
  untilMs: number;
  /** Attempts that are not over. */
  underWay: number;
}

/**
 * Slows down whoever guesses passwords at the page: by address, beside what access control does itself. Attempts that are under way
 * count as failures to come, so that it does not help to make them all at once.
 */
export class LogInLimit {
  readonly #known = new Map<string, Known>();

  /** An attempt is to be made; 0: it is under way from now on, until `end`. More: seconds that the address must wait before. */
  begin(address: string, nowMs: number): number {
    const known = this.#known.get(address) ?? { failures: 0, untilMs: 0, underWay: 0 };
    const failures = known.untilMs <= nowMs ? 0 : known.failures;
    if (failures >= FREE_FAILURES) return Math.ceil((known.untilMs - nowMs) / 1000);
    if (failures + known.underWay >= FREE_FAILURES) return UNDER_WAY_SECONDS;
    known.underWay++;
    this.#remember(address, known);
    return 0;
  }

  /** It is over. */
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

  /** Behind all others, so that the first is the one that was quiet longest: where there are too many it goes. */
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
