import { ReasonCode } from "../../codec/mod.ts";
import { type Delivery, deliverySizeBytes, type Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Target } from "../core/target.ts";
import type { Client } from "../state/connection.ts";
import { drop, dropDelivery } from "./drop.ts";
import { bridgeLimits, type QueueLimits, queueLimits } from "./queue_limits.ts";
import { isNearlyRead, mayWaitApart, readAhead, readExpired } from "./queue_tail.ts";

/** Adds a delivery to the client's queue, or applies the policy if the queue is full. */
export function enqueue(core: Core, client: Client, delivery: Delivery): void {
  const { clientId, queue } = client.session;
  if (!makeRoom(core, client, delivery)) return drop(core, client, "queue_full", delivery.message);
  const isApart = mayWaitApart(core, client, delivery);
  if (delivery.sequence > 0) core.store?.putDelivery(clientId, delivery, isApart);
  if (isApart) queue.pushApart(delivery);
  else {
    try {
      queue.push(delivery);
    } catch (error) {
      if (delivery.sequence > 0) core.store?.deleteDelivery(clientId, delivery);
      throw error;
    }
  }
  core.queues.add(delivery, !isApart);
  if (client.bridge?.queueFullPolicy === "refuse") core.waitingBridges.add(client);
  core.observers?.tell("queued", client, delivery);
}

/**
 * Whether all bridges that would get the message have room for it, of those that refuse messages when their queue is full. In a cluster that is
 * asked at each node, of what waits there: what all of them take the node of the bridge would have to leave out.
 */
export function haveBridgesRoom(
  core: Core,
  message: Message,
  targets: readonly Target[],
  publisher: Client | null,
): boolean {
  return targets.every(({ client, qos }) => {
    if (qos === 0 || client === publisher || !core.waitingBridges.has(client)) return true;
    if (client.session.queue.length === 0 || client.bridge?.queueFullPolicy !== "refuse") {
      core.waitingBridges.delete(client);
      return true;
    }
    return hasRoom(core, client, bridgeLimits(client.bridge), {
      message: { ...message, storeId: 0 },
      qos,
      retain: false,
      subscriptionIdentifiers: undefined,
      share: undefined,
      sequence: client.session.isPersistent ? 1 : 0,
    });
  });
}

/**
 * Removes and returns the next delivery; `undefined` if there is none, or if it is being read from the store; then `drain` continues after
 * the read.
 */
export function dequeue(core: Core, client: Client): Delivery | undefined {
  const { queue } = client.session;
  if (queue.tail !== undefined && queue.heldLength === 0) readAhead(core, client);
  const delivery = queue.shift();
  if (delivery === undefined) return undefined;
  core.queues.remove(delivery, true);
  if (queue.tail !== undefined && isNearlyRead(core, client)) readAhead(core, client);
  return delivery;
}

/** Removes all deliveries in memory for which `isTaken` returns true; returns them in order. */
export function takeQueued(
  core: Core,
  client: Client,
  isTaken: (delivery: Delivery) => boolean,
): Delivery[] {
  const taken = client.session.queue.take(isTaken);
  for (const delivery of taken) core.queues.remove(delivery, true);
  return taken;
}

/** Makes room for the delivery: expired deliveries go first, then the policy decides. Returns whether there is room. */
function makeRoom(core: Core, client: Client, delivery: Delivery): boolean {
  const limits = queueLimits(core, client);
  if (hasRoom(core, client, limits, delivery)) return true;
  dropExpired(core, client);
  const { queueFullPolicy } = client.bridge ?? core.options;
  // A delivery that even an empty queue could not hold does not displace others.
  if (queueFullPolicy === "drop_oldest" && hasRoom(core, client, limits, delivery, "emptied")) {
    while (!hasRoom(core, client, limits, delivery)) {
      const oldest = dequeue(core, client);
      if (oldest === undefined) break;
      dropDelivery(core, client, oldest, "queue_full");
    }
  }
  if (hasRoom(core, client, limits, delivery)) return true;
  // A read from the store that will make room is pending: deliveries may wait for it.
  if (isMakingRoom(core, client) && hasRoom(core, client, limits, delivery, "extended")) {
    return true;
  }
  if (queueFullPolicy === "disconnect" && client.connection !== null) {
    // At the end of the turn, because no client may disconnect while a message is routed.
    core.disconnectLater(client.connection, {
      reasonCode: ReasonCode.QuotaExceeded,
      message: "Too many messages wait for this client",
    });
  }
  return false;
}

/** Drops expired deliveries. The queue finds them without a scan, because it may be long and full at each message. */
function dropExpired(core: Core, client: Client): void {
  const { queue } = client.session;
  for (const delivery of queue.takeExpired(core.nowMs)) {
    core.queues.remove(delivery, true);
    dropDelivery(core, client, delivery, "expired");
  }
  if (queue.tail !== undefined && queue.tail.nextExpiryMs <= core.nowMs) readExpired(core, client);
}

function isMakingRoom({ options }: Core, { session: { queue }, bridge }: Client): boolean {
  const reading = queue.tail?.reading;
  const { queueFullPolicy } = bridge ?? options;
  return reading === "expired" ||
    reading === "next" && queueFullPolicy === "drop_oldest" && queue.heldLength === 0;
}

/**
 * Whether the limits leave room for the delivery: in the present queue, in the queue if it were `emptied`, or if it were `extended` by the
 * size of one read from the store.
 */
function hasRoom(
  core: Core,
  client: Client,
  limits: QueueLimits,
  delivery: Delivery,
  as: "it is" | "emptied" | "extended" = "it is",
): boolean {
  const { maxTotalQueuedBytes, queueMemoryMessages, queueMemoryBytes } = core.options;
  const { queue } = client.session;
  const isEmptied = as === "emptied";
  const moreMessages = as === "extended" ? queueMemoryMessages : 0;
  const moreBytes = as === "extended" ? queueMemoryBytes : 0;
  const sizeBytes = deliverySizeBytes(delivery);
  const length = isEmptied ? 0 : queue.length;
  const bytes = isEmptied ? 0 : queue.bytes;
  // QoS 1 and 2 have been refused before.
  if (delivery.qos === 0 && delivery.sequence > 0 && core.store?.isFull === true) return false;
  const isWithin = (limits.messages === 0 || length < limits.messages + moreMessages) &&
    (limits.bytes === 0 || bytes + sizeBytes <= limits.bytes + moreBytes);
  if (!isWithin || mayWaitApart(core, client, delivery)) return isWithin;
  const heldLength = isEmptied ? 0 : queue.length - (queue.tail?.length ?? 0);
  const heldBytes = isEmptied ? 0 : queue.heldBytes;
  const totalBytes = core.totalQueuedBytes - (queue.heldBytes - heldBytes);
  return (limits.heldMessages === 0 || heldLength < limits.heldMessages) &&
    (limits.heldBytes === 0 || heldBytes + sizeBytes <= limits.heldBytes) &&
    (maxTotalQueuedBytes === 0 || totalBytes + sizeBytes <= maxTotalQueuedBytes);
}
