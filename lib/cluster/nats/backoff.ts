/** How long to wait before the next attempt: longer each time, and never the same for all who have lost the same server. */
export class Backoff {
  #lastMs: number;

  /** `random`: from 0 to 1. */
  constructor(
    readonly baseMs: number,
    readonly capMs: number,
    readonly random: () => number = Math.random,
  ) {
    this.#lastMs = baseMs;
  }

  /** The next wait, milliseconds. */
  next(): number {
    const spreadMs = this.#lastMs * 3 - this.baseMs;
    this.#lastMs = Math.min(this.capMs, this.baseMs + this.random() * spreadMs);
    return this.#lastMs;
  }

  /** It has worked: the next wait is a short one again. */
  reset(): void {
    this.#lastMs = this.baseMs;
  }
}
