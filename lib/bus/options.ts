/** Limits and delays of one stream between the bridge and a Worker; both sides should use the same. */
export interface StreamOptions {
  /** Bytes of records after which a frame is full and the next begins; a larger message has a frame of its own. */
  readonly maxFrameBytes: number;
  /** Data frames posted and not yet confirmed. Well under 256, the backlog that all channels of the process share. */
  readonly maxUnconfirmedFrames: number;
  /** Bytes of data frames posted and not yet confirmed; a message can't be larger than that. */
  readonly maxUnconfirmedBytes: number;
  /** Bytes kept for the other side, posted or not. Beyond them a Worker's `publish` is refused, and a delivery to a Worker is dropped. */
  readonly maxPendingBytes: number;
  /** Bytes of frames that arrived too early and wait for a missing one. */
  readonly maxHeldBytes: number;
  /** Data frames after which they are confirmed, at the latest. */
  readonly ackEveryFrames: number;
  /** Milliseconds after which an arrived data frame is confirmed, at the latest. */
  readonly ackDelayMs: number;
  /** Milliseconds without a confirmation after which the other side is asked; doubled each time it stays silent. */
  readonly probeDelayMs: number;
  /** Milliseconds between such questions at most. */
  readonly maxProbeDelayMs: number;
  /** Milliseconds between the questions whether the other side is still there, while nothing is unconfirmed. */
  readonly idleProbeDelayMs: number;
  /** Milliseconds of silence, in spite of questions, after which the other side is gone. */
  readonly peerTimeoutMs: number;
}

/** The defaults. */
export const DEFAULT_STREAM_OPTIONS: StreamOptions = {
  maxFrameBytes: 64 * 1024,
  maxUnconfirmedFrames: 64,
  maxUnconfirmedBytes: 4 * 1024 * 1024,
  maxPendingBytes: 16 * 1024 * 1024,
  maxHeldBytes: 4 * 1024 * 1024,
  ackEveryFrames: 8,
  ackDelayMs: 20,
  probeDelayMs: 60,
  maxProbeDelayMs: 1000,
  idleProbeDelayMs: 10_000,
  peerTimeoutMs: 30_000,
};
