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
  /** What is queued for sessions takes of `max_total_queued_bytes`. */
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
    queuedCount: core.queuedCount,
    queuedBytes: core.queuedBytes,
    bufferedBytes: core.congestion.bufferedBytes,
  };
}
