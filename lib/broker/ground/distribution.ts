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

/** How values are distributed: all of them in buckets, and the last in full, for quantiles. Adding one allocates nothing. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  readonly #recent: number[] = [];
  readonly #window: number;
  #next = 0;
  #sum = 0;
  #count = 0;

  /** `bounds`: upper bounds of the buckets, ascending; `window`: so many values quantiles are of. */
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

  /** All since the start. */
  get histogram(): Histogram {
    let total = 0;
    const cumulative = this.#counts.slice(0, -1).map((count) => total += count);
    return { bounds: this.#bounds, cumulative, count: this.#count, sum: this.#sum };
  }

  /** The value that this share of the last ones is at or below; 0 where there is none. */
  quantile(share: number): number {
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
