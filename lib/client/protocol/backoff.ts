/** How long to wait between attempts to connect. */
export interface BackoffInit {
  /** Milliseconds before the first attempt; default: 1,000. */
  readonly minDelayMs?: number;
  /** Milliseconds, the most; default: 30,000. */
  readonly maxDelayMs?: number;
  /** What the delay is multiplied by after each attempt; default: 2. */
  readonly factor?: number;
  /** The part of the delay that is drawn at random, from 0 to 1, so that not all clients of a broker come back at once; default: 0.5. */
  readonly jitter?: number;
}

/** The delays of attempts to connect: exponential, with jitter. Reads no clock and draws no number by itself. */
export class Backoff {
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #factor: number;
  readonly #jitter: number;
  readonly #random: () => number;
  #attempts = 0;

  /** `random`: from 0 to below 1. */
  constructor(init: BackoffInit, random: () => number) {
    this.#minDelayMs = init.minDelayMs ?? 1000;
    this.#maxDelayMs = Math.max(init.maxDelayMs ?? 30_000, this.#minDelayMs);
    this.#factor = Math.max(init.factor ?? 2, 1);
    this.#jitter = Math.min(Math.max(init.jitter ?? 0.5, 0), 1);
    this.#random = random;
  }

  /** Attempts since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds until the next attempt; each call is one. */
  next(): number {
    const grownMs = this.#minDelayMs * this.#factor ** this.#attempts++;
    const delayMs = Math.min(grownMs, this.#maxDelayMs);
    return delayMs * (1 - this.#jitter * this.#random());
  }

  /** An attempt was successful. */
  reset(): void {
    this.#attempts = 0;
  }
}
