import type { Message, Publisher } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Client } from "../state/connection.ts";
import { report } from "./faults.ts";
import { drop } from "./drop.ts";
import { routeHere } from "./route_message.ts";

/** A message read from the cluster's log. */
export interface SharedMessage {
  /** The published message. */
  readonly message: Message;
  /** The Packet Identifier of a QoS 2 message from a stored session; else 0. */
  readonly packetId: number;
  /** Whether another process has put it there: another node, or an earlier process of this one. */
  readonly isOthers: boolean;
  /** Whose rights it goes by while it is retained; absent: that is not known, or nobody's. */
  readonly source?: Publisher | undefined;
}

/**
 * Routes a message of the log to the receivers of this node. Returns false if an earlier one is still being delivered to many receivers;
 * then the caller tries again.
 */
export function applyShared(core: Core, shared: SharedMessage): boolean {
  const { longFanOuts, clients, store, options } = core;
  if (longFanOuts.jobs.length > 0 || !longFanOuts.hasRoom(store !== undefined)) return false;
  const { packetId, isOthers, source } = shared;
  const message = shared.message.retain && !options.retainAvailable
    ? { ...shared.message, retain: false }
    : shared.message;
  const publisher = clients.get(message.publisherId) ?? null;
  if (packetId > 0 && publisher?.session.isPersistent === true) {
    const { receiver, clientId } = publisher.session;
    // The client does not know whether the other process has its message, so it sends the message again, which must not count twice.
    // [MQTT-4.3.3-10]
    if (isOthers) receiver.accept(packetId);
    if (receiver.holds(packetId)) store?.putReceived(clientId, packetId);
  }
  return deliverHere(core, message, publisher, source && core.publishers.shared(source));
}

/** Routes a message of QoS 0 that another node has forwarded. */
export function deliverForwarded(core: Core, message: Message): void {
  const { longFanOuts, clients } = core;
  if (longFanOuts.isBusy(message.publisherId)) return drop(core, null, "slow_client", message);
  deliverHere(core, message, clients.get(message.publisherId) ?? null);
}

function deliverHere(
  core: Core,
  message: Message,
  publisher: Client | null,
  source?: Publisher,
): true {
  const { topicName } = message;
  const isWhole = core.store !== undefined && message.qos > 0;
  try {
    const route = core.router.route(topicName);
    if (route === undefined) drop(core, publisher, "not_a_topic_name", message);
    else routeHere(core, message, route, publisher, isWhole, source);
  } catch (error) {
    report(core, "Cannot route a message of the cluster", { topicName }, error);
    drop(core, publisher, "encoding_failed", message);
  }
  return true;
}
