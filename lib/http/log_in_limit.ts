/** Failures of an address before it has to wait. */
const FREE_FAILURES = 5;
/** For so long they count, milliseconds. */
const WINDOW_MS = 60_000;
/** Addresses that are remembered. */
const MAX_ADDRESSES = 10_000;

/** Slows down whoever guesses passwords at the page: by address, beside what access control does itself. */
export class LogInLimit {
  readonly #failures = new Map<string, { count: number; untilMs: number }>();

  /** Seconds that the address must wait before its next attempt; 0: none. */
  waitSeconds(address: string, nowMs: number): number {
    const failure = this.#failures.get(address);
    if (failure === undefined || failure.untilMs <= nowMs) return 0;
    return failure.count < FREE_FAILURES ? 0 : Math.ceil((failure.untilMs - nowMs) / 1000);
  }

  /** An attempt has failed. */
  fail(address: string, nowMs: number): void {
    const before = this.#failures.get(address);
    const count = before === undefined || before.untilMs <= nowMs ? 0 : before.count;
    // Behind all others, so that the first is the one that failed longest ago.
    this.#failures.delete(address);
    this.#failures.set(address, { count: count + 1, untilMs: nowMs + WINDOW_MS });
    if (this.#failures.size <= MAX_ADDRESSES) return;
    for (const [oldest] of this.#failures) {
      this.#failures.delete(oldest);
      return;
    }
  }

  /** An attempt has succeeded. */
  forgive(address: string): void {
    this.#failures.delete(address);
  }
}
