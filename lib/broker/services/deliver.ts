import type { Qos } from "../../codec/mod.ts";
import {
  contentSizeBytes,
  type Delivery,
  type KeptMessage,
  type Message,
} from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Target } from "../core/target.ts";
import { STEPS } from "../core/work.ts";
import type { Fanout } from "../ground/fanout.ts";
import type { Client, Connection } from "../state/connection.ts";
import { drop, dropDelivery, dropFailed } from "./drop.ts";
import { enqueue, takeQueued } from "./queue.ts";
import { canSendNow, drain, isBacklogged, sendInFlight, waitForFlight } from "./send.ts";

/** Hands a message to one client: sends it, queues it, or counts why not. An error does not affect other receivers. */
export function deliver(core: Core, target: Target, message: Message, fanout: Fanout): void {
  try {
    handOver(core, target, message, fanout);
  } catch (error) {
    dropFailed(core, target.client, message, error);
  }
}

function handOver(core: Core, target: Target, message: Message, fanout: Fanout): void {
  const { client, subscriptionIdentifiers, share } = target;
  if (client.isEnded) return;
  const { connection, session } = client;
  const { options } = core;
  const qos = options.upgradeOutgoingQos || target.qos < message.qos ? target.qos : message.qos;
  const retain = message.retain && target.retainAsPublished;
  // A client may have tens of thousands of matching Subscription Identifiers, which are encoded for it alone.
  if (subscriptionIdentifiers !== undefined) core.work.spend(subscriptionIdentifiers.length);
  if (core.hooks.onDeliver !== undefined && connection !== null) {
    return handOverHooked(core, target, connection, qos, retain, message, fanout);
  }
  // Queued QoS 0 messages go first, if there are any. [MQTT-4.6.0-6]
  if (qos === 0 && connection !== null && session.queue.qos0Length === 0) {
    // The bytes that wait for a slow client are limited: it loses messages, so that other receivers need not wait.
    if (isBacklogged(core, connection)) return drop(core, client, "slow_client", message);
    const outgoing = { message, qos, retain, subscriptionIdentifiers };
    if (connection.outbox.sendPublish(outgoing, 0, false, false, fanout)) return;
    return drop(core, client, "packet_too_large", message);
  }
  // For a client at another node only what all nodes know waits here.
  if (client.copy?.isElsewhere === true && (qos === 0 || message.logId === undefined)) return;
  if (qos === 0 && !(options.queueQos0Messages && session.isPersistent)) {
    return drop(core, client, "offline_qos0", message);
  }
  const sizeBytes = contentSizeBytes(message);
  if (connection === null || !canSendNow(core, client, connection, sizeBytes)) {
    // Behind a tail it waits in the store alone, and leaves memory as soon as it is written.
    const isBrief = session.queue.tail !== undefined && share === undefined;
    const kept = isBrief ? fanout.keep() : fanout.keepForLong();
    enqueue(core, client, deliveryOf(core, target, qos, retain, kept));
    if (connection !== null) waitForFlight(core, client, sizeBytes);
    return;
  }
  const delivery = deliveryOf(core, target, qos, retain, fanout.keep());
  if (delivery.sequence > 0) core.store!.putDelivery(session.clientId, delivery);
  sendInFlight(core, client, connection, delivery, fanout);
}

/** Sends the message through the queue, where it keeps its place while hooks have not answered. */
function handOverHooked(
  core: Core,
  target: Target,
  connection: Connection,
  qos: Qos,
  retain: boolean,
  message: Message,
  fanout: Fanout,
): void {
  const { client } = target;
  if (qos === 0 && isBacklogged(core, connection)) {
    return drop(core, client, "slow_client", message);
  }
  enqueue(core, client, deliveryOf(core, target, qos, retain, fanout.keepForLong()));
  drain(core, client);
}

function deliveryOf(
  core: Core,
  { client, subscriptionIdentifiers, share }: Target,
  qos: Qos,
  retain: boolean,
  message: KeptMessage,
): Delivery {
  const isStored = core.store !== undefined && client.session.isPersistent &&
    (qos > 0 || core.options.queueQos0Messages);
  const sequence = isStored ? core.nextSequence++ : 0;
  return { message, qos, retain, subscriptionIdentifiers, share, sequence };
}

/** How well a client can take a message now: see `ShareGroup.pick`. */
export function rank(core: Core, target: Target, message: Message): number {
  core.work.spend(STEPS.member);
  const { client } = target;
  if (client.isEnded) return 0;
  if (!core.mayRead(client, message.topicName)) return 0;
  const { connection } = client;
  if (connection === null) {
    const isQueued = message.qos > 0 && target.qos > 0 || core.options.queueQos0Messages;
    return isQueued && client.session.isPersistent ? 1 : 0;
  }
  if (message.qos === 0) return isBacklogged(core, connection) ? 2 : 3;
  return canSendNow(core, client, connection, contentSizeBytes(message)) ? 3 : 2;
}

/** Drops queued and in-flight messages that the client may not read (any more). Released messages are with the client already. */
export function dropUnreadable(core: Core, client: Client): void {
  const { session, identity } = client;
  if (identity.isBridge) return;
  const isUnreadable = ({ message }: Delivery) => !core.mayRead(client, message.topicName);
  for (const delivery of takeQueued(core, client, isUnreadable)) {
    dropDelivery(core, client, delivery, "not_authorized");
  }
  for (const inFlight of [...session.sender.values()]) {
    // The message was sent on this connection already, and the client will acknowledge it.
    if (inFlight.state === "released" || inFlight.isSent) continue;
    if (!isUnreadable(inFlight.delivery)) continue;
    session.sender.discard(inFlight);
    dropDelivery(core, client, inFlight.delivery, "not_authorized");
  }
}
