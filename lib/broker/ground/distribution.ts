/** A histogram: for each bound the number of values at or below it, and the sum of all values. */
export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** For each bound, the number of values at or below it, values below smaller bounds included. */
  readonly cumulative: readonly number[];
  /** The number of all values. */
  readonly count: number;
  /** The sum of all values. */
  readonly sum: number;
}

/**
 * The distribution of measured values: all are counted in buckets, and the last ones are kept for quantiles. Adding one allocates
 * nothing.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  readonly #recent: number[] = [];
  readonly #window: number;
  #next = 0;
  #sum = 0;
  #count = 0;

  /** `bounds`: upper bounds of the buckets, ascending; `window`: the number of latest values that quantiles are computed from. */
  constructor(bounds: readonly number[], window: number) {
    this.#bounds = bounds;
    this.#counts = [...bounds, Infinity].map(() => 0);
    this.#window = window;
  }

  /** Counts one value. */
  add(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index++;
    this.#counts[index]!++;
    this.#count++;
    this.#sum += value;
    this.#recent[this.#next] = value;
    this.#next = (this.#next + 1) % this.#window;
  }

  /** The histogram of all values since the start. */
  get histogram(): Histogram {
    let total = 0;
    const cumulative = this.#counts.slice(0, -1).map((count) => total += count);
    return { bounds: this.#bounds, cumulative, count: this.#count, sum: this.#sum };
  }

  /** The value that `share` (0 to 1) of the kept values are at or below; 0 where there are none. */
  quantile(share: number): number {
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
