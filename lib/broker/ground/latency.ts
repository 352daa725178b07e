/**
 * Measures how long messages take through the broker: from the turn in which a PUBLISH was read to the moment at which the last of
 * its deliveries is written to its connection. One message is sampled every few milliseconds, and only its deliveries in the same
 * turn count, so that the cost is bounded and the same under any load.
 *
 * @module
 */
import { Distribution } from "./distribution.ts";

/** Upper bounds of the buckets, seconds. */
const BOUNDS = [
  ...[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
  ...[0.1, 0.2, 0.5, 1, 2, 5],
] as const;
/** Number of latest samples that quantiles are computed from. */
const WINDOW = 1000;
/** Least time between two samples, milliseconds. */
const INTERVAL_MS = 10;

/** One message whose time through the broker is measured. */
export class Sample {
  /** Deliveries that are not written yet. */
  pending = 0;
  /** A delivery was discarded: the time of the others would be misleading, so this sample is not recorded. */
  isLost = false;
  /** All deliveries of the message have been counted in `pending`. */
  isWhole = false;
  readonly #startMs: number;
  readonly #latency: Latency;

  /** `startMs`: when the PUBLISH was read. */
  constructor(startMs: number, latency: Latency) {
    this.#startMs = startMs;
    this.#latency = latency;
  }

  /** One delivery of the message has been written. */
  written(): void {
    this.pending--;
    if (this.pending === 0 && this.isWhole && !this.isLost) this.#latency.record(this.#startMs);
  }
}

/** Samples the time that messages take through the broker. */
export class Latency {
  /** The measured times, seconds. */
  readonly seconds: Distribution = new Distribution(BOUNDS, WINDOW);
  /** When the next message is sampled, in the clock's milliseconds; `Infinity`: nobody reads the measurements. */
  dueMs = Infinity;
  /** The sampled message that is being routed now; `null`: the current message is not sampled. */
  current: Sample | null = null;
  #clock: () => number = () => 0;

  /** Begins sampling. `clock` returns the time in milliseconds, and advances within a turn too. */
  start(clock: () => number): void {
    this.#clock = clock;
    this.dueMs = 0;
  }

  /** Samples the message that is handled now. */
  begin(nowMs: number): void {
    this.dueMs = nowMs + INTERVAL_MS;
    this.current = new Sample(nowMs, this);
  }

  /** Routing of the sampled message is over: no more deliveries are added to its sample. */
  end(): void {
    if (this.current !== null) this.current.isWhole = true;
    this.current = null;
  }

  /** Records that the last delivery of a message that was read at `startMs` has been written. */
  record(startMs: number): void {
    this.seconds.add(Math.max(0, this.#clock() - startMs) / 1000);
  }
}
