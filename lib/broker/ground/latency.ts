/**
 * How long messages take through the broker: from the turn in which a PUBLISH was read to the moment at which the last of its deliveries
 * is written to its connection. One message is looked at every few milliseconds, and only what goes out in the same turn, so
 * that the cost is bounded and the same under any load.
 *
 * @module
 */
import { Distribution } from "./distribution.ts";

/** Upper bounds of the buckets, seconds. */
const BOUNDS = [
  ...[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
  ...[0.1, 0.2, 0.5, 1, 2, 5],
] as const;
/** Samples that quantiles are of. */
const WINDOW = 1000;
/** Between two samples, milliseconds. */
const INTERVAL_MS = 10;

/** A message that is followed. */
export class Sample {
  /** Deliveries that are on their way. */
  pending = 0;
  /** A delivery was thrown away: what the rest takes says nothing. */
  isLost = false;
  /** All its deliveries are counted. */
  isWhole = false;
  readonly #startMs: number;
  readonly #latency: Latency;

  /** `startMs`: when the PUBLISH was read. */
  constructor(startMs: number, latency: Latency) {
    this.#startMs = startMs;
    this.#latency = latency;
  }

  /** One of its deliveries is written. */
  written(): void {
    this.pending--;
    if (this.pending === 0 && this.isWhole && !this.isLost) this.#latency.record(this.#startMs);
  }
}

/** Follows a message now and then. */
export class Latency {
  /** Seconds. */
  readonly seconds: Distribution = new Distribution(BOUNDS, WINDOW);
  /** When the next message is followed, in the clock's milliseconds; `Infinity`: nobody wants to know. */
  dueMs = Infinity;
  /** The message whose deliveries are counted now. */
  current: Sample | null = null;
  #clock: () => number = () => 0;

  /** Begins to follow messages: `clock` says the time within a turn too, milliseconds. */
  start(clock: () => number): void {
    this.#clock = clock;
    this.dueMs = 0;
  }

  /** Follows the message that is handled now. */
  begin(nowMs: number): void {
    this.dueMs = nowMs + INTERVAL_MS;
    this.current = new Sample(nowMs, this);
  }

  /** The message is handed to all who get it now. */
  end(): void {
    if (this.current !== null) this.current.isWhole = true;
    this.current = null;
  }

  /** A message that came then is with everybody. */
  record(startMs: number): void {
    this.seconds.add(Math.max(0, this.#clock() - startMs) / 1000);
  }
}
