/**
 * The wait before connecting again: it grows up to a cap, and differs from that of other clients that lost the same broker at the same
 * moment. It is "decorrelated jitter": between the base and three times the last wait.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: () => number;
  #lastMs: number;

  /** If base and cap are equal, every wait has that length. `random` returns 0 to 1. */
  constructor(baseMs: number, capMs: number, random: () => number) {
    this.#baseMs = baseMs;
    this.#capMs = Math.max(baseMs, capMs);
    this.#random = random;
    this.#lastMs = baseMs;
  }

  /** The next wait, milliseconds. */
  next(): number {
    if (this.#baseMs === this.#capMs) return this.#baseMs;
    const spreadMs = this.#lastMs * 3 - this.#baseMs;
    this.#lastMs = Math.min(this.#capMs, this.#baseMs + this.#random() * spreadMs);
    return this.#lastMs;
  }

  /** A connection has lasted, so the next wait is short again. */
  reset(): void {
    this.#lastMs = this.#baseMs;
  }
}
