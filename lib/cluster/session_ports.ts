import type { SessionChange, Subscription } from "../broker/mod.ts";

/** Takes what other nodes are to be told. {@linkcode Log.change} */
export interface ChangeLog {
  change(change: SessionChange, isAwaited: boolean): boolean;
}

/** What of the broker is asked for. */
export interface SessionHost {
  /** {@linkcode FromCluster.firstPending} */
  firstPending(clientId: string): number | undefined;
  /** The subscriptions of a session. */
  subscriptionsOf(clientId: string): Iterable<Subscription>;
}
