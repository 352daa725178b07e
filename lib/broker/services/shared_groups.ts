/**
 * Shared subscriptions that have members at several nodes of a cluster. All nodes decide alike by the log which of them a message goes to,
 * and that node gives it to one of its own members. The others keep it until they hear that it is done with.
 *
 * @module
 */
import { encodeText, ReasonCode } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import { isSharedFilter } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import type { ShareMembers } from "../ground/shared_group.ts";
import type { Client } from "../state/connection.ts";
import { deliver } from "./deliver.ts";
import { drop } from "./drop.ts";
import { pick } from "./share_pick.ts";
import { isSent, takeShared } from "./share_moves.ts";

/** A member has come or gone, or its client has: other nodes are told how many there are. */
export function tellShares({ cluster }: Core, { session: { subscriptions } }: Client): void {
  if (cluster === null) return;
  for (const key of subscriptions.keys()) if (isSharedFilter(key)) cluster.shareChanged(key);
}

/** The members that there are at this node. */
export function shareMembers({ router }: Core, share: string): ShareMembers {
  let connected = 0;
  let kept = 0;
  for (const client of router.share(share)?.clients ?? []) {
    if (client.connection !== null) connected++;
    else if (!client.isEnded && client.session.isPersistent) kept++;
  }
  return { connected, kept };
}

/** The messages, by their places in the log, that members at this node have not acknowledged; `undefined`: it is not known now. */
export function sharePending(core: Core, share: string): readonly number[] | undefined {
  if (core.longFanOuts.jobs.length > 0) return undefined;
  const pending: number[] = [];
  for (const { isEnded, session: { queue, sender } } of core.router.share(share)?.clients ?? []) {
    if (isEnded) continue;
    // Of these none is in the store alone.
    for (const { delivery } of sender.values()) {
      if (delivery.share === share) pending.push(delivery.message.logId ?? 0);
    }
    for (const delivery of queue) {
      if (delivery.share === share) pending.push(delivery.message.logId ?? 0);
    }
  }
  return pending.sort((a, b) => a - b);
}

/** Gives a message to a member that was to go to another node's, which is gone. */
export function deliverToShare(core: Core, share: string, message: Message): void {
  const group = core.router.share(share);
  if (message.expiresAtMs <= core.nowMs) return drop(core, null, "expired", message);
  const target = group === undefined ? undefined : pick(core, group, message);
  if (target === undefined) {
    core.cluster?.shareLeft(share, message);
    return drop(core, null, "no_share_member", message);
  }
  core.fanout.begin(message, encodeText(message.topicName), true, core.nowMs);
  deliver(core, target, message, core.fanout);
}

/**
 * Other nodes have taken this one for dead, and have given to their members what waits here, and what is in flight. That cannot be taken back from a
 * connection, which ends: so does its session, since others have gone to another node.
 */
export function forgetShared(core: Core): void {
  for (const group of core.router.sharesHere()) {
    for (const client of group.clients) endSending(core, client);
  }
  for (const group of core.router.sharesHere()) {
    for (const client of group.clients) {
      for (const delivery of takeShared(core, client, ({ share }) => share === group.topicFilter)) {
        if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
        core.cluster?.shareLeft(group.topicFilter, delivery.message);
      }
    }
  }
}

function endSending(core: Core, { connection, session: { sender } }: Client): void {
  if (connection === null) return;
  const onTheirWay = [...sender.values()].filter(({ delivery, state }) =>
    delivery.share !== undefined && state === "published"
  );
  if (onTheirWay.length === 0) return;
  for (const inFlight of onTheirWay) {
    if (!isSent(core, inFlight.delivery)) sender.discard(inFlight);
  }
  const reasonCode = ReasonCode.UseAnotherServer;
  core.disconnectLater(connection, { reasonCode, message: "The node was taken for dead" });
}
