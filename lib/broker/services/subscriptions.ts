import type { Subscription } from "../../session/mod.ts";
import { parseTopicFilter } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import { STEPS } from "../core/work.ts";
import type { Client } from "../state/connection.ts";
import { moveShared } from "./share_moves.ts";

/** Adds a subscription to its session, or replaces one with the same filter. Router and store are the caller's affair. */
export function keepSubscription(
  core: Core,
  { session }: Client,
  subscription: Subscription,
): void {
  const bytesBefore = session.subscriptionBytes;
  session.subscribe(subscription);
  core.subscriptionBytes += session.subscriptionBytes - bytesBefore;
}

/** Ends an existing subscription; `key` is its Topic Filter with mount point and `$share/...`. */
export function endSubscription(core: Core, client: Client, key: string, isShared: boolean): void {
  const { session } = client;
  const bytesBefore = session.subscriptionBytes;
  session.unsubscribe(key);
  core.subscriptionBytes -= bytesBefore - session.subscriptionBytes;
  core.router.unsubscribe(client, key);
  if (session.isPersistent) core.store?.deleteSubscription(session.clientId, key);
  if (isShared) moveShared(core, client, key);
}

/**
 * Ends the subscriptions that the client may no longer have, if access control requires it; returns their number. Subscriptions whose
 * decision takes time stay.
 */
export function endForbidden(core: Core, client: Client): number {
  const { access } = core.ports;
  const { session, identity } = client;
  if (access.endsSubscriptions !== true || identity.isBridge) return 0;
  let count = 0;
  for (const { topicFilter: key, qos } of [...session.subscriptions.values()]) {
    const { topicFilter, shareName } = parseTopicFilter(key)!;
    core.work.spend(STEPS.check * (access.stepsPerCheck ?? 1));
    if (access.maySubscribe(identity, topicFilter, qos) !== false) continue;
    endSubscription(core, client, key, shareName !== undefined);
    count++;
  }
  return count;
}
