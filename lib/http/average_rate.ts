/** The time constant of the average, milliseconds. */
const AVERAGE_MS = 10_000;

/** How often something happens a second: a moving average that falls while nothing happens. */
export class AverageRate {
  #perSecond = 0;
  #atMs = 0;

  /** Counts one event at this time, milliseconds. */
  add(nowMs: number): void {
    this.#perSecond = this.at(nowMs) + 1000 / AVERAGE_MS;
    this.#atMs = nowMs;
  }

  /** Events a second, as of this time. */
  at(nowMs: number): number {
    return this.#perSecond * Math.exp((this.#atMs - nowMs) / AVERAGE_MS);
  }

  /** The same, rounded for an answer. */
  shown(nowMs: number): number {
    return Math.round(this.at(nowMs) * 100) / 100;
  }
}
