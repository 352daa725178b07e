import { ReasonCode } from "../../codec/mod.ts";
import { type Delivery, deliverySizeBytes, type Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Target } from "../core/target.ts";
import type { Client } from "../state/connection.ts";
import { drop, dropDelivery } from "./drop.ts";

/** Puts a delivery into the client's queue, or does what the policy says where that is full. */
export function enqueue(core: Core, client: Client, delivery: Delivery): void {
  const { session } = client;
  if (!makeRoom(core, client, delivery)) return drop(core, client, "queue_full", delivery.message);
  if (delivery.sequence > 0) core.store?.putDelivery(session.clientId, delivery);
  try {
    session.queue.push(delivery);
  } catch (error) {
    if (delivery.sequence > 0) core.store?.deleteDelivery(session.clientId, delivery);
    throw error;
  }
  core.queuedCount++;
  core.queuedBytes += deliverySizeBytes(delivery);
  if (client.bridge?.queueFullPolicy === "refuse") core.waitingBridges.add(client);
  core.observers?.tell("queued", client, delivery);
}

/** Whether all bridges that get the message, and refuse what they cannot keep, have room for it. */
export function haveBridgesRoom(
  core: Core,
  message: Message,
  targets: readonly Target[],
  publisher: Client | null,
): boolean {
  return targets.every(({ client, qos }) => {
    if (qos === 0 || client === publisher || !core.waitingBridges.has(client)) return true;
    if (client.session.queue.length === 0) {
      core.waitingBridges.delete(client);
      return true;
    }
    return hasRoom(core, client, {
      message: { ...message, storeId: 0 },
      qos,
      retain: false,
      subscriptionIdentifiers: undefined,
      share: undefined,
      sequence: 0,
    });
  });
}

/** Takes out the delivery that is next. */
export function dequeue(core: Core, client: Client): Delivery | undefined {
  const delivery = client.session.queue.shift();
  if (delivery === undefined) return undefined;
  core.queuedCount--;
  core.queuedBytes -= deliverySizeBytes(delivery);
  return delivery;
}

/** Takes out all for which `isTaken` holds, in order. */
export function takeQueued(
  core: Core,
  client: Client,
  isTaken: (delivery: Delivery) => boolean,
): Delivery[] {
  const { queue } = client.session;
  const bytesBefore = queue.bytes;
  const taken = queue.take(isTaken);
  core.queuedCount -= taken.length;
  core.queuedBytes -= bytesBefore - queue.bytes;
  return taken;
}

/** Whether there is room for the delivery now: what has expired goes first, then the policy decides. */
function makeRoom(core: Core, client: Client, delivery: Delivery): boolean {
  if (hasRoom(core, client, delivery)) return true;
  dropExpired(core, client);
  const { queueFullPolicy } = client.bridge ?? core.options;
  // What an empty queue could not hold drives nothing out.
  if (queueFullPolicy === "drop_oldest" && hasRoom(core, client, delivery, true)) {
    while (!hasRoom(core, client, delivery)) {
      dropDelivery(core, client, dequeue(core, client)!, "queue_full");
    }
  }
  if (hasRoom(core, client, delivery)) return true;
  if (queueFullPolicy === "disconnect" && client.connection !== null) {
    // At the turn's end: in the middle of a route nobody leaves.
    core.disconnectLater(client.connection, {
      reasonCode: ReasonCode.QuotaExceeded,
      message: "Too many messages wait for this client",
    });
  }
  return false;
}

/** Takes out what has expired: the queue knows it, since it may be long, and full for each message that comes. */
function dropExpired(core: Core, client: Client): void {
  for (const delivery of client.session.queue.takeExpired(core.nowMs)) {
    core.queuedCount--;
    core.queuedBytes -= deliverySizeBytes(delivery);
    dropDelivery(core, client, delivery, "expired");
  }
}

/** Whether the limits leave room for the delivery, in the client's queue as it is or, `ifEmptied`, would be. */
function hasRoom(core: Core, client: Client, delivery: Delivery, ifEmptied = false): boolean {
  const { maxTotalQueuedBytes } = core.options;
  const { queue } = client.session;
  const maxQueuedMessages = client.bridge === undefined ? core.options.maxQueuedMessages : 0;
  const { maxQueuedBytes } = client.bridge ?? core.options;
  const length = ifEmptied ? 0 : queue.length;
  const addedBytes = deliverySizeBytes(delivery) - (ifEmptied ? queue.bytes : 0);
  // QoS 1 and 2 are refused before they come here.
  if (delivery.qos === 0 && delivery.sequence > 0 && core.store?.isFull === true) return false;
  return (maxQueuedMessages === 0 || length < maxQueuedMessages) &&
    (maxQueuedBytes === 0 || queue.bytes + addedBytes <= maxQueuedBytes) &&
    (maxTotalQueuedBytes === 0 || core.totalQueuedBytes + addedBytes <= maxTotalQueuedBytes);
}
