/** Upper bounds of the buckets, seconds. */
const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const;
/** How often is measured, milliseconds. */
const INTERVAL_MS = 100;
/** Measurements that quantiles are of: the last minute. */
const WINDOW = 600;

/** A histogram: for each bound how many are at or below it, and the sum of all. */
export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** One for each bound, those of smaller bounds included. */
  readonly cumulative: readonly number[];
  /** All. */
  readonly count: number;
  /** Of the values. */
  readonly sum: number;
}

/**
 * How late the event loop is: how long what is due waits until it gets its turn. Measured ten times a second from the first
 * call of `start` on.
 */
export class LoopDelay {
  readonly #counts: number[] = [...BOUNDS, Infinity].map(() => 0);
  readonly #recent: number[] = [];
  #next = 0;
  #sum = 0;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to measure; the function returned ends it. */
  start(): () => void {
    const measure = (dueMs: number) => {
      this.add(Math.max(0, performance.now() - dueMs) / 1000);
      schedule();
    };
    const schedule = () => {
      const dueMs = performance.now() + INTERVAL_MS;
      this.#timer = setTimeout(() => measure(dueMs), INTERVAL_MS);
    };
    schedule();
    return () => clearTimeout(this.#timer);
  }

  /** Counts one delay, seconds. */
  add(seconds: number): void {
    const index = BOUNDS.findIndex((bound) => seconds <= bound);
    this.#counts[index < 0 ? BOUNDS.length : index]!++;
    this.#count++;
    this.#sum += seconds;
    this.#recent[this.#next] = seconds;
    this.#next = (this.#next + 1) % WINDOW;
  }

  /** All since the start. */
  get histogram(): Histogram {
    let total = 0;
    const cumulative = this.#counts.slice(0, -1).map((count) => total += count);
    return { bounds: BOUNDS, cumulative, count: this.#count, sum: this.#sum };
  }

  /** The delay of the last minute that this share of all is at or below, seconds. */
  quantile(share: number): number {
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
