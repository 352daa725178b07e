import type { Core } from "./core.ts";

/** Current numbers and bytes of what the broker keeps. */
export interface BrokerLevels {
  /** Clients that are connected. */
  readonly connectedCount: number;
  /** Sessions, connected or not. */
  readonly sessionCount: number;
  /** Subscriptions of clients and programs; a shared one counts once for its group. */
  readonly subscriptionCount: number;
  /** Shared subscriptions, counted once for each member. */
  readonly sharedSubscriptionCount: number;
  /** Topics that have a retained message. */
  readonly retainedCount: number;
  /** Bytes of retained messages that count against `max_retained_bytes`. */
  readonly retainedBytes: number;
  /** Messages that wait in sessions. */
  readonly queuedCount: number;
  /** Bytes of queued messages that count against `max_queued_bytes`, in memory or in the store alone. */
  readonly queuedBytes: number;
  /** Bytes not yet written to connections. */
  readonly bufferedBytes: number;
}

/** Reads the current levels. */
export function levelsOf(core: Core): BrokerLevels {
  return {
    connectedCount: core.connectedCount,
    sessionCount: core.clients.size,
    subscriptionCount: core.router.size,
    sharedSubscriptionCount: core.router.sharedSize,
    retainedCount: core.retained.size,
    retainedBytes: core.retained.bytes,
    queuedCount: core.queues.messages,
    queuedBytes: core.queues.bytes,
    bufferedBytes: core.congestion.bufferedBytes,
  };
}
