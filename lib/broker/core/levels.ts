import type { Core } from "./core.ts";

/** How much there is of what the broker keeps. */
export interface BrokerLevels {
  /** Clients that are connected. */
  readonly connectedCount: number;
  /** Sessions, connected or not. */
  readonly sessionCount: number;
  /** Subscriptions of clients and programs; a shared one counts once for its group. */
  readonly subscriptionCount: number;
  /** Shared subscriptions, each client's its own. */
  readonly sharedSubscriptionCount: number;
  /** Topics that have a retained message. */
  readonly retainedCount: number;
  /** What these take of `max_retained_bytes`. */
  readonly retainedBytes: number;
  /** Messages that wait in sessions. */
  readonly queuedCount: number;
  /** What these take of `max_queued_bytes`, in memory or in the store alone. */
  readonly queuedBytes: number;
  /** Bytes not yet written to connections. */
  readonly bufferedBytes: number;
}

/** Counts it. */
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
