import { Distribution, type Histogram } from "../broker/mod.ts";

/** Upper bounds of the buckets, seconds. */
const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const;
/** Time between two measurements, milliseconds. */
const INTERVAL_MS = 100;
/** Measurements that the quantiles cover: the last minute. */
const WINDOW = 600;

/** Measures how late the event loop is: how long a timer that is due waits until it runs. It measures ten times a second after `start`. */
export class LoopDelay {
  readonly #seconds = new Distribution(BOUNDS, WINDOW);
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
    this.#seconds.add(seconds);
  }

  /** All delays since the start. */
  get histogram(): Histogram {
    return this.#seconds.histogram;
  }

  /** The delay that this share of the last minute's measurements does not exceed, seconds. */
  quantile(share: number): number {
    return this.#seconds.quantile(share);
  }
}
