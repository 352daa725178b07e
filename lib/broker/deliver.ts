import { ReasonCode } from "../codec/mod.ts";
import { type Delivery, deliverySizeBytes, type InFlight, type Message } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import type { Connection } from "./connection.ts";
import type { Fanout } from "./fanout.ts";
import type { DropReason } from "./metrics.ts";
import type { AccessPort } from "./ports.ts";
import type { Target } from "./router.ts";

/** Hands a message to one client: sends it, queues it, or counts why not. */
export function deliver(broker: Broker, target: Target, message: Message, fanout: Fanout): void {
  const { client } = target;
  const { connection } = client;
  const { options } = broker;
  const qos = options.upgradeOutgoingQos || target.qos < message.qos ? target.qos : message.qos;
  const retain = message.retain && target.retainAsPublished;
  const { session } = client;
  // Behind those that were kept while the client was away, if there are any. [MQTT-4.6.0-6]
  if (qos === 0 && connection !== null && session.queue.qos0Length === 0) {
    // What a slow client has not taken is bounded; it loses messages, others wait for nothing.
    if (isBacklogged(connection)) return drop(broker, client, "slow_client");
    const identifiers = target.subscriptionIdentifiers;
    if (!connection.sendPublish(message, 0, retain, false, 0, identifiers, fanout)) {
      drop(broker, client, "packet_too_large");
    }
    return;
  }
  if (qos === 0 && !(options.queueQos0Messages && session.isPersistent)) {
    return drop(broker, client, "offline_qos0");
  }
  const canSend = connection !== null && canSendNow(client, connection);
  const { store } = broker;
  const delivery: Delivery = {
    message: canSend ? fanout.keep() : fanout.keepForLong(),
    qos,
    retain,
    subscriptionIdentifiers: target.subscriptionIdentifiers,
    share: target.share,
    sequence: store !== undefined && session.isPersistent ? broker.nextSequence++ : 0,
  };
  if (canSend) {
    if (delivery.sequence > 0) store!.putDelivery(session.clientId, delivery);
    sendInFlight(client, connection, delivery, fanout);
  } else enqueue(broker, client, delivery);
}

/** How well a client can take a message now: see `ShareGroup.pick`. */
export function rank(broker: Broker, target: Target, message: Message): number {
  const { client } = target;
  const { access } = broker.ports;
  if (!mayRead(access, client, message.topicName)) return 0;
  const { connection } = client;
  if (connection === null) {
    const isQueued = message.qos > 0 && target.qos > 0 || broker.options.queueQos0Messages;
    return isQueued && client.session.isPersistent ? 1 : 0;
  }
  if (message.qos === 0) return isBacklogged(connection) ? 2 : 3;
  return canSendNow(client, connection) ? 3 : 2;
}

/**
 * Whether a message may go to the client. One that a store remembers, and that has not been here since, is nobody yet: what it
 * subscribed to waits for it, and is looked at when it comes.
 */
export function mayRead(access: AccessPort, client: Client, topicName: string): boolean {
  return !access.checksTopics || client.isRestored || access.mayRead(client.identity, topicName);
}

/** Sends what waits for the client, as far as the limits let it: first what is in flight from before, then its queue. */
export function drain(client: Client): void {
  const { connection, session } = client;
  if (connection === null) return;
  const { broker } = connection;
  while (session.sender.isResending && !isBacklogged(connection)) {
    const inFlight = session.sender.nextResend();
    if (inFlight === undefined) break;
    resend(client, connection, inFlight);
  }
  while (session.queue.length > 0 && canSendQueued(client, connection)) {
    const delivery = shift(broker, client)!;
    if (delivery.message.expiresAtMs <= broker.nowMs) forget(broker, client, delivery, "expired");
    else if (delivery.qos > 0) sendInFlight(client, connection, delivery, undefined);
    else sendQueuedQos0(client, connection, delivery);
  }
}

/** Puts a delivery into the client's queue, or does what the policy says where that is full. */
function enqueue(broker: Broker, client: Client, delivery: Delivery): void {
  const { session } = client;
  if (!makeRoom(broker, client, delivery)) return drop(broker, client, "queue_full");
  session.queue.push(delivery);
  broker.queuedBytes += deliverySizeBytes(delivery);
  if (delivery.sequence > 0) broker.store?.putDelivery(session.clientId, delivery);
}

/** Drops what the client may not read (any more), waiting or in flight; what it has released it has. */
export function dropUnreadable(client: Client): void {
  const { broker, session, identity } = client;
  const { access } = broker.ports;
  const isUnreadable = ({ message }: Delivery) => !access.mayRead(identity, message.topicName);
  for (const delivery of session.queue.take(isUnreadable)) {
    broker.queuedBytes -= deliverySizeBytes(delivery);
    forget(broker, client, delivery, "not_authorized");
  }
  for (const inFlight of [...session.sender.values()]) {
    // On this connection it is with the client already, who will acknowledge it.
    if (inFlight.state === "released" || inFlight.isSent) continue;
    if (!isUnreadable(inFlight.delivery)) continue;
    session.sender.discard(inFlight);
    forget(broker, client, inFlight.delivery, "not_authorized");
  }
}

/** Takes all that waits for the client out of the books. */
export function clearQueue(broker: Broker, client: Client): void {
  broker.queuedBytes -= client.session.queue.bytes;
  client.session.queue.take(() => true);
}

/** Counts a message that the client did not get. */
export function drop(broker: Broker, client: Client, reason: DropReason): void {
  broker.metrics.drop(reason);
  const count = client.session.drop(reason);
  // The first of a kind is said; after that the counters tell.
  if (count === 1 && reason !== "offline_qos0") {
    broker.ports.log.warning("Message dropped", { clientId: client.session.clientId, reason });
  }
}

/** Whether the client has too much before it that it has not taken. */
export function isBacklogged(connection: Connection): boolean {
  const { maxQueuedBytes } = connection.broker.options;
  return maxQueuedBytes > 0 && connection.unsentBytes >= maxQueuedBytes;
}

function canSendNow(client: Client, connection: Connection): boolean {
  const { session } = client;
  return session.queue.length === 0 && canSendQueued(client, connection);
}

function canSendQueued(client: Client, connection: Connection): boolean {
  const { sender } = client.session;
  return sender.hasQuota && !sender.isResending && !isBacklogged(connection);
}

function sendInFlight(
  client: Client,
  connection: Connection,
  delivery: Delivery,
  fanout: Fanout | undefined,
): void {
  const { broker } = connection;
  const { session } = client;
  const { message, qos, retain, subscriptionIdentifiers, sequence } = delivery;
  const inFlight = session.sender.start(delivery);
  const { packetId } = inFlight;
  const isSent = connection.sendPublish(
    message,
    qos,
    retain,
    false,
    packetId,
    subscriptionIdentifiers,
    fanout,
  );
  if (!isSent) {
    session.sender.discard(inFlight);
    return forget(broker, client, delivery, "packet_too_large");
  }
  if (sequence > 0) {
    broker.store?.putInFlight(session.clientId, sequence, packetId, "published");
  }
}

function resend(client: Client, connection: Connection, inFlight: InFlight): void {
  const { delivery, packetId } = inFlight;
  if (inFlight.state === "released") {
    return connection.send({ type: "pubrel", packetId, reasonCode: ReasonCode.Success });
  }
  // A repeat says so. [MQTT-3.3.1-1]
  const { message, qos, retain, subscriptionIdentifiers } = delivery;
  if (
    !connection.sendPublish(
      message,
      qos,
      retain,
      true,
      packetId,
      subscriptionIdentifiers,
      undefined,
    )
  ) {
    client.session.sender.discard(inFlight);
    forget(connection.broker, client, delivery, "packet_too_large");
  }
}

function sendQueuedQos0(client: Client, connection: Connection, delivery: Delivery): void {
  const { broker } = connection;
  const { message, retain, subscriptionIdentifiers, sequence } = delivery;
  if (sequence > 0) broker.store?.deleteDelivery(client.session.clientId, delivery);
  if (!connection.sendPublish(message, 0, retain, false, 0, subscriptionIdentifiers, undefined)) {
    drop(broker, client, "packet_too_large");
  }
}

function shift(broker: Broker, client: Client): Delivery | undefined {
  const delivery = client.session.queue.shift();
  if (delivery !== undefined) broker.queuedBytes -= deliverySizeBytes(delivery);
  return delivery;
}

function forget(broker: Broker, client: Client, delivery: Delivery, reason: DropReason): void {
  if (delivery.sequence > 0) broker.store?.deleteDelivery(client.session.clientId, delivery);
  drop(broker, client, reason);
}

/** Whether there is room for the delivery now: what has expired goes first, then the policy decides. */
function makeRoom(broker: Broker, client: Client, delivery: Delivery): boolean {
  if (hasRoom(broker, client, delivery)) return true;
  dropExpired(broker, client);
  const { queueFullPolicy } = broker.options;
  // What an empty queue could not hold drives nothing out.
  if (queueFullPolicy === "drop_oldest" && hasRoom(broker, client, delivery, true)) {
    while (!hasRoom(broker, client, delivery)) {
      forget(broker, client, shift(broker, client)!, "queue_full");
    }
  }
  if (hasRoom(broker, client, delivery)) return true;
  if (queueFullPolicy === "disconnect" && client.connection !== null) {
    // At the turn's end: in the middle of a route nobody leaves.
    broker.disconnectLater(client.connection, {
      reasonCode: ReasonCode.QuotaExceeded,
      message: "Too many messages wait for this client",
    });
  }
  return false;
}

/** Looks through the queue only when something in it may have expired: it may be long, and full for each message that comes. */
function dropExpired(broker: Broker, client: Client): void {
  const { queue } = client.session;
  if (queue.nextExpiryMs > broker.nowMs) return;
  for (const expired of queue.take((waiting) => waiting.message.expiresAtMs <= broker.nowMs)) {
    broker.queuedBytes -= deliverySizeBytes(expired);
    forget(broker, client, expired, "expired");
  }
}

/** Whether the limits leave room for the delivery, in the client's queue as it is or, `ifEmptied`, would be. */
function hasRoom(
  broker: Broker,
  client: Client,
  delivery: Delivery,
  ifEmptied = false,
): boolean {
  const { maxQueuedMessages, maxQueuedBytes, maxTotalQueuedBytes } = broker.options;
  const { queue } = client.session;
  const length = ifEmptied ? 0 : queue.length;
  const addedBytes = deliverySizeBytes(delivery) - (ifEmptied ? queue.bytes : 0);
  // QoS 1 and 2 are refused before they come here.
  if (delivery.qos === 0 && delivery.sequence > 0 && broker.store?.isFull === true) return false;
  return (maxQueuedMessages === 0 || length < maxQueuedMessages) &&
    (maxQueuedBytes === 0 || queue.bytes + addedBytes <= maxQueuedBytes) &&
    (maxTotalQueuedBytes === 0 || broker.queuedBytes + addedBytes <= maxTotalQueuedBytes);
}
