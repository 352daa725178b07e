import { ReasonCode } from "../../codec/mod.ts";
import { type Delivery, deliverySizeBytes, type Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Target } from "../core/target.ts";
import type { Client } from "../state/connection.ts";
import { drop, dropDelivery } from "./drop.ts";
import { type QueueLimits, queueLimits } from "./queue_limits.ts";
import { isNearlyRead, mayWaitApart, readAhead, readExpired } from "./queue_tail.ts";

/** Puts a delivery into the client's queue, or does what the policy says where that is full. */
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
    return hasRoom(core, client, queueLimits(core, client), {
      message: { ...message, storeId: 0 },
      qos,
      retain: false,
      subscriptionIdentifiers: undefined,
      share: undefined,
      sequence: client.session.isPersistent ? 1 : 0,
    });
  });
}

/** Takes out the delivery that is next; `undefined`: nothing waits, or it is being read from the store, after which `drain` goes on. */
export function dequeue(core: Core, client: Client): Delivery | undefined {
  const { queue } = client.session;
  if (queue.tail !== undefined && queue.heldLength === 0) readAhead(core, client);
  const delivery = queue.shift();
  if (delivery === undefined) return undefined;
  core.queues.remove(delivery, true);
  if (queue.tail !== undefined && isNearlyRead(core, client)) readAhead(core, client);
  return delivery;
}

/** Takes out all in memory for which `isTaken` holds, in order. */
export function takeQueued(
  core: Core,
  client: Client,
  isTaken: (delivery: Delivery) => boolean,
): Delivery[] {
  const taken = client.session.queue.take(isTaken);
  for (const delivery of taken) core.queues.remove(delivery, true);
  return taken;
}

/** Whether there is room for the delivery now: what has expired goes first, then the policy decides. */
function makeRoom(core: Core, client: Client, delivery: Delivery): boolean {
  const limits = queueLimits(core, client);
  if (hasRoom(core, client, limits, delivery)) return true;
  dropExpired(core, client);
  const { queueFullPolicy } = client.bridge ?? core.options;
  // What an empty queue could not hold drives nothing out.
  if (queueFullPolicy === "drop_oldest" && hasRoom(core, client, limits, delivery, "emptied")) {
    while (!hasRoom(core, client, limits, delivery)) {
      const oldest = dequeue(core, client);
      if (oldest === undefined) break;
      dropDelivery(core, client, oldest, "queue_full");
    }
  }
  if (hasRoom(core, client, limits, delivery)) return true;
  // What makes room is on its way here: what comes in that moment waits for it.
  if (isMakingRoom(core, client) && hasRoom(core, client, limits, delivery, "extended")) {
    return true;
  }
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
 * Whether the limits leave room for the delivery, in the client's queue as it is, as it would be if it were `emptied`, or if as much more
 * were allowed as is read at a time.
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
  // QoS 1 and 2 are refused before they come here.
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
