import type { Place } from "../client/mod.ts";
import type { Qos } from "../codec/mod.ts";

/** What one Worker does: it publishes, or it subscribes. */
export interface BenchJob {
  readonly role: "publisher" | "subscriber";
  readonly place: Place;
  /** Connections. */
  readonly count: number;
  /** Each publisher has a topic of its own; otherwise all share one. */
  readonly isPaired: boolean;
  /** Subscribers take every publisher's topic. */
  readonly takesAll: boolean;
  /** Subscribers have sessions that the broker stores; at the end they take them away. */
  readonly keepsSessions: boolean;
  readonly qos: Qos;
  readonly payloadBytes: number;
  /** Deliveries that may be under way at once, over all. */
  readonly window: number;
  /** Receivers of each message. */
  readonly receivers: number;
  /** Part of every topic and Client Identifier, so that runs do not meet. */
  readonly run: string;
  /** [messages published, deliveries, stop when 1] */
  readonly counters: SharedArrayBuffer;
}

/** What a subscriber measured. */
export interface BenchResult {
  readonly type: "ready" | "done" | "failed";
  /** Latencies in microseconds: how many fell into each bucket of `latencyBucket`. */
  readonly latencies?: Uint32Array;
  /** Of `failed`: why. */
  readonly reason?: string;
}

/** Places in the counters: messages, deliveries, and 2 before the start, 1 at the end. */
export const PUBLISHED = 0, DELIVERED = 1, STOP = 2;
/** Of latencies. */
export const BUCKETS = 400;

/** Buckets grow by five percent. */
export function latencyBucket(us: number): number {
  return us < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(us) / Math.log(1.05)));
}

/** Microseconds that this share of the deliveries took at most, by how many fell into each bucket. */
export function latencyPercentile(latencies: Uint32Array, share: number): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of latencies.entries()) {
    seen += count;
    if (seen >= total * share) return Math.round(1.05 ** (bucket + 1));
  }
  return 0;
}
