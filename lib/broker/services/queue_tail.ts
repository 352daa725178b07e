/**
 * The end of a long queue waits in the store alone, and is read a part at a time.
 *
 * - What comes waits there when the beginning has its share of memory, or all queues together have theirs. Whatever comes behind it
 *   waits there too, so that the order holds. What must be looked at while it waits stays in memory: deliveries of shared subscriptions,
 *   which move on to other members.
 * - The next part is asked for when half of the beginning has left, so that a client that drains its queue never waits for the disk. One
 *   part is under way for each queue, and where memory is short a small one, so that everybody gets on.
 * - The store reads what is committed. Where it finds nothing though something waits, that is not committed yet: it is asked again after
 *   the next commit. What then is not there is not there at all: a fault, which is said, and the queue is put right.
 * - What has expired there is read, and dropped like all else, when its place is needed.
 *
 * An answer is a turn of its own, unless it comes at once.
 *
 * @module
 */
import { type Delivery, deliverySizeBytes } from "../../session/mod.ts";
import { type Core, mayRead } from "../core/core.ts";
import type { QueuePage, QueueQuery } from "../ground/ports.ts";
import type { Client } from "../state/connection.ts";
import type { SessionCopy } from "../state/session_copy.ts";
import { dropDelivery, dropFailed, dropTail } from "./drop.ts";
import { queueLimits } from "./queue_limits.ts";

/** One queue's part of the memory of all, at most. */
const QUEUE_PART = 1 / 64;
/** What a queue may have in memory, and is read at a time, however short memory is: messages, and bytes. */
const LEAST_MESSAGES = 16;
const LEAST_BYTES = 16 * 1024;

/**
 * What a queue whose client is there is read at a time, where memory is not short: a read waits for the commit that is under way, and a
 * client with a large window takes hundreds of messages meanwhile.
 */
const DRAIN_MESSAGES = 1024;

/** Whether the delivery is to wait in the store alone. */
export function mayWaitApart(core: Core, client: Client, delivery: Delivery): boolean {
  const { store, options, queues } = core;
  const { queueMemoryMessages, queueMemoryBytes, maxTotalQueuedBytes } = options;
  if (delivery.sequence === 0 || delivery.share !== undefined) return false;
  if (store?.readQueue === undefined) return false;
  const { queue } = client.session;
  // In any case: what is not kept for another reason is read with the rest of it.
  if (queue.tail !== undefined) return true;
  if (queueMemoryMessages === 0) return false;
  const { length } = queue;
  if (length >= queueMemoryMessages) return true;
  const sizeBytes = deliverySizeBytes(delivery);
  if (length > 0 && queue.bytes + sizeBytes > queueMemoryBytes * QUEUE_PART) return true;
  const isShort = queues.heldBytes + sizeBytes > queueMemoryBytes;
  if (isShort && (length >= LEAST_MESSAGES || queue.bytes + sizeBytes > LEAST_BYTES)) return true;
  return maxTotalQueuedBytes > 0 && core.totalQueuedBytes + sizeBytes > maxTotalQueuedBytes;
}

/** Whether so little of the queue is left in memory that the next part is to be read. */
export function isNearlyRead(core: Core, client: Client): boolean {
  return client.session.queue.heldLength <= heldMessages(core, client) / 2;
}

/** Asks the store for the next part of what waits there, unless something is asked for already. */
export function readAhead(core: Core, client: Client): void {
  const { queue } = client.session;
  const { tail } = queue;
  if (tail === undefined || tail.reading !== undefined) return;
  if (tail.length === 0) return queue.endTail(dropMoved(core, client));
  tail.reading = "next";
  read(core, client, tail.mustCommit, (page, wasCommitted) => {
    if (page.deliveries.length === 0) return isMissing(core, client, wasCommitted);
    for (const delivery of page.deliveries) bringIn(core, client, delivery);
    queue.endTail(dropMoved(core, client));
    trim(core, client);
    // All of it may be done with.
    if (queue.tail !== undefined && queue.heldLength === 0) readAhead(core, client);
  });
}

/** Asks the store for what has expired there, to drop it. */
export function readExpired(core: Core, client: Client): void {
  const { queue } = client.session;
  const tail = queue.tail!;
  if (tail.reading !== undefined) return;
  tail.reading = "expired";
  // All that waits is committed then, and the answer says when the next of it expires.
  read(core, client, true, ({ deliveries, nextExpiryMs }) => {
    tail.nextExpiryMs = Math.min(tail.nextExpiryMs, nextExpiryMs);
    for (const delivery of deliveries) {
      queue.leaveTail(delivery);
      core.queues.remove(delivery, false);
      dropDelivery(core, client, delivery, "expired");
    }
    if (deliveries.length > 0) tail.mustCommit = true;
    queue.endTail(dropMoved(core, client));
  }, core.nowMs);
}

/** Asks the store, after a commit where `isCommitted` says so. */
function read(
  core: Core,
  client: Client,
  isCommitted: boolean,
  arrived: (page: QueuePage, wasCommitted: boolean) => void,
  expiredAtMs?: number,
): void {
  const { clientId, queue } = client.session;
  const tail = queue.tail!;
  const maxBytes = pageBytes(core);
  core.queues.awaitedBytes += maxBytes;
  let isLater = isCommitted;
  const ask = () => {
    if (client.isEnded) return void (core.queues.awaitedBytes -= maxBytes);
    if (isCommitted) tail.mustCommit = false;
    if (expiredAtMs !== undefined) tail.nextExpiryMs = Infinity;
    const query: QueueQuery = {
      afterSequence: tail.readUpTo,
      maxMessages: pageMessages(core, client),
      maxBytes,
      ...expiredAtMs === undefined ? {} : { expiredAtMs },
    };
    core.store!.readQueue!(clientId, query, (page) => {
      core.queues.awaitedBytes -= maxBytes;
      if (client.isEnded) return;
      tail.reading = undefined;
      const act = () => {
        arrived(page, isCommitted);
        // Whatever was asked, who wanted to go on meanwhile had to wait for this answer.
        if (client.connection !== null) core.pumping.add(client);
      };
      if (isLater) core.inTurn(act);
      else act();
    });
    isLater = true;
  };
  if (isCommitted) core.releases.afterCommit(ask);
  else ask();
}

/** What was read is in memory from here on, unless its client may not read it any more. */
function bringIn(core: Core, client: Client, delivery: Delivery): void {
  const { message } = delivery;
  const { clientId, queue } = client.session;
  const isSettled = client.copy !== null && settleRead(core, client, client.copy, delivery);
  const isReadable = isSettled || mayRead(core.ports.access, client, message.topicName);
  try {
    queue.bringIn(delivery, isReadable && !isSettled, dropMoved(core, client));
  } catch (error) {
    core.queues.remove(delivery, false);
    core.store!.deleteDelivery(clientId, delivery);
    return dropFailed(core, client, message, error);
  }
  if (isSettled) core.queues.remove(delivery, false);
  else if (isReadable) core.queues.heldBytes += deliverySizeBytes(delivery);
  else {
    core.queues.remove(delivery, false);
    dropDelivery(core, client, delivery, "not_authorized");
  }
}

/** By the cluster's log the delivery does not wait any more: the client has it, or it is in flight. */
function settleRead(core: Core, client: Client, copy: SessionCopy, delivery: Delivery): boolean {
  const { clientId, sender } = client.session;
  if (copy.isDone(delivery)) {
    core.store!.deleteDelivery(clientId, delivery);
    return true;
  }
  const { logId = 0 } = delivery.message;
  const flight = copy.flights.get(logId);
  if (flight === undefined || sender.find(flight.packetId) !== undefined) return false;
  copy.flights.delete(logId);
  sender.restore(flight.packetId, delivery, flight.state);
  core.store!.putInFlight(clientId, delivery.sequence, flight.packetId, flight.state, delivery);
  return true;
}

/** What cannot be moved to the beginning costs its client this message, and nobody else anything. */
function dropMoved(core: Core, client: Client) {
  return (delivery: Delivery, error: unknown): void => {
    core.queues.remove(delivery, true);
    if (delivery.sequence > 0) core.store!.deleteDelivery(client.session.clientId, delivery);
    dropFailed(core, client, delivery.message, error);
  };
}

/** Drops the oldest of what has been read until the queue has no more than it may: it was let in while there was nothing to drop. */
function trim(core: Core, client: Client): void {
  const { queue } = client.session;
  const { queueFullPolicy } = client.bridge ?? core.options;
  const { messages, bytes } = queueLimits(core, client);
  if (queueFullPolicy !== "drop_oldest") return;
  while (
    queue.heldLength > 0 &&
    (messages > 0 && queue.length > messages || bytes > 0 && queue.bytes > bytes)
  ) {
    const oldest = queue.shift()!;
    core.queues.remove(oldest, true);
    dropDelivery(core, client, oldest, "queue_full");
  }
}

/** Nothing was found: it is not committed yet, or it never was. */
function isMissing(core: Core, client: Client, wasCommitted: boolean): void {
  const { queue, clientId } = client.session;
  if (!wasCommitted) {
    queue.tail!.mustCommit = true;
    return readAhead(core, client);
  }
  const messages = queue.tail!.length;
  core.ports.log.error("The store does not have what waits for a client", { clientId, messages });
  dropTail(core, client, "encoding_failed");
}

function isShortOfMemory({ queues, options }: Core): boolean {
  return queues.heldBytes + queues.awaitedBytes >= options.queueMemoryBytes;
}

function pageMessages(core: Core, client: Client): number {
  return Math.max(LEAST_MESSAGES, heldMessages(core, client) - client.session.queue.heldLength);
}

/** How many messages of a queue with a tail are to be in memory. */
function heldMessages(core: Core, { connection }: Client): number {
  if (isShortOfMemory(core)) return LEAST_MESSAGES;
  const { queueMemoryMessages } = core.options;
  return connection === null ? queueMemoryMessages : Math.max(queueMemoryMessages, DRAIN_MESSAGES);
}

function pageBytes(core: Core): number {
  const { queueMemoryBytes } = core.options;
  return isShortOfMemory(core) ? LEAST_BYTES : Math.max(LEAST_BYTES, queueMemoryBytes * QUEUE_PART);
}
