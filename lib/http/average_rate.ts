/** Over how long a rate is an average, milliseconds. */
const AVERAGE_MS = 10_000;

/** How often something happens in a second: an average that falls while nothing happens. */
export class AverageRate {
  #perSecond = 0;
  #atMs = 0;

  /** It has happened, at this time in milliseconds. */
  add(nowMs: number): void {
    this.#perSecond = this.at(nowMs) + 1000 / AVERAGE_MS;
    this.#atMs = nowMs;
  }

  /** Times in a second, as of this time. */
  at(nowMs: number): number {
    return this.#perSecond * Math.exp((this.#atMs - nowMs) / AVERAGE_MS);
  }

  /** The same as an answer shows it. */
  shown(nowMs: number): number {
    return Math.round(this.at(nowMs) * 100) / 100;
  }
}
