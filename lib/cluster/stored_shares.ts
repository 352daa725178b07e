import type { SessionChange, Store } from "../broker/mod.ts";
import { isSharedFilter } from "../topic/mod.ts";

/**
 * Stores which shared subscriptions a session of this node has, now that the log has come to that: by its store a node that begins again knows
 * which sessions have what by the log, so the store must not be ahead of it, else the nodes do not agree about where members are. `had`:
 * those of before.
 */
export function keepShares(
  own: Pick<Store, "putSubscription" | "deleteSubscription">,
  change: SessionChange,
  had: Iterable<string>,
): void {
  const { kind, clientId } = change;
  switch (kind) {
    case "subscribed": {
      const { subscription } = change;
      if (isSharedFilter(subscription.topicFilter)) own.putSubscription(clientId, subscription);
      return;
    }
    case "unsubscribed":
      if (isSharedFilter(change.topicFilter)) own.deleteSubscription(clientId, change.topicFilter);
      return;
    case "session": {
      if (change.subscriptions === undefined) return;
      const shared = change.subscriptions.filter(({ topicFilter }) => isSharedFilter(topicFilter));
      const kept = new Set(shared.map(({ topicFilter }) => topicFilter));
      for (const share of had) if (!kept.has(share)) own.deleteSubscription(clientId, share);
      for (const subscription of shared) own.putSubscription(clientId, subscription);
      return;
    }
    case "ended":
      // The next one of that Client Identifier may have begun here.
      for (const share of had) own.deleteSubscription(clientId, share);
  }
}
