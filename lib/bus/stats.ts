/** The counters of a bridge or a Worker's bus, in frames and messages unless the name ends in another unit. */
export interface BusStats {
  /** Workers with which there is a stream; in a Worker: bridges. */
  readonly peers: number;
  /** Data frames posted, each counted once. */
  readonly framesPosted: number;
  /** Data frames posted again because they were missing. */
  readonly framesResent: number;
  /** Data frames that arrived, repeats not counted. */
  readonly framesReceived: number;
  /** Data frames that arrived although they had before. */
  readonly framesDuplicate: number;
  /** Probes: questions after missing confirmations, and whether the other side is there. */
  readonly probesPosted: number;
  /** Messages accepted for sending. */
  readonly messagesSent: number;
  /** Messages that arrived. */
  readonly messagesReceived: number;
  /** Messages lost: see {@link BusLoss}. */
  readonly messagesLost: number;
  /** Bytes kept for the other sides, posted or not. */
  readonly pendingBytes: number;
  /** The most that was ever kept for one of them. */
  readonly peakPendingBytes: number;
  /** Workers that were refused, because there were `maxPeers` already. */
  readonly peersRefused: number;
}

/**
 * Why messages are lost:
 * - `buffer_full`: a Worker was slower than the messages for it and its buffer had no room left.
 * - `too_large`: a message for a Worker exceeded `maxUnconfirmedBytes`.
 * - `peer_gone`: the other side was silent for longer than `peerTimeoutMs`.
 * - `peer_restarted`: the other side closed or began anew, and what it had not confirmed may not have arrived.
 */
export type BusLossReason = "buffer_full" | "too_large" | "peer_gone" | "peer_restarted";

/** A loss that could not be repaired. */
export interface BusLoss {
  /** Why. */
  readonly reason: BusLossReason;
  /** `outgoing`: messages of this side; `incoming`: messages that this side should have got. */
  readonly direction: "outgoing" | "incoming";
  /**
   * How many at most: the other side may still have got some of them. 0 after a restart means that only messages that others
   * published in the meantime may be missing.
   */
  readonly messages: number;
  /** Id of the other side, 0 where there was none yet. */
  readonly peerId: number;
}

/** The counters while they count: each may be changed. */
export type BusCounters = { -readonly [Name in keyof BusStats]: BusStats[Name] };

/** New counters, all 0. */
export function newCounters(): BusCounters {
  return {
    peers: 0,
    framesPosted: 0,
    framesResent: 0,
    framesReceived: 0,
    framesDuplicate: 0,
    probesPosted: 0,
    messagesSent: 0,
    messagesReceived: 0,
    messagesLost: 0,
    pendingBytes: 0,
    peakPendingBytes: 0,
    peersRefused: 0,
  };
}
