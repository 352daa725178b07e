import type { Place } from "../client/mod.ts";
import type { Qos } from "../codec/mod.ts";

/** The job of one Worker, which either publishes or subscribes. */
export interface BenchJob {
  readonly role: "publisher" | "subscriber";
  readonly place: Place;
  /** How many connections it opens. */
  readonly count: number;
  /** Whether each publisher has its own topic; otherwise all share one. */
  readonly isPaired: boolean;
  /** Whether each subscriber subscribes to every publisher's topic. */
  readonly takesAll: boolean;
  /** Whether the broker stores the subscribers' sessions; they are deleted at the end. */
  readonly keepsSessions: boolean;
  readonly qos: Qos;
  readonly payloadBytes: number;
  /** The most deliveries under way at once, over all connections. */
  readonly window: number;
  /** How many subscribers receive each message. */
  readonly receivers: number;
  /** Part of every topic and Client Identifier, which keeps runs apart. */
  readonly run: string;
  /** Shared by both Workers: see {@linkcode PUBLISHED}. */
  readonly counters: SharedArrayBuffer;
}

/** What a Worker reports: that it is ready, done or has failed. */
export interface BenchResult {
  readonly type: "ready" | "done" | "failed";
  /** How many latencies fell into each bucket of `latencyBucket`. */
  readonly latencies?: Uint32Array;
  /** Why it failed. */
  readonly reason?: string;
}

/** Indexes of the counters: messages published, deliveries, and the state, which is 2 before the start and 1 at the end. */
export const PUBLISHED = 0, DELIVERED = 1, STOP = 2;
/** How many buckets of latencies there are. */
export const BUCKETS = 400;

/** The bucket of a latency in microseconds. Each bucket is five percent wider than the one before. */
export function latencyBucket(us: number): number {
  return us < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(us) / Math.log(1.05)));
}

/** The latency in microseconds that this share of the deliveries did not exceed. */
export function latencyPercentile(latencies: Uint32Array, share: number): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of latencies.entries()) {
    seen += count;
    if (seen >= total * share) return Math.round(1.05 ** (bucket + 1));
  }
  return 0;
}
