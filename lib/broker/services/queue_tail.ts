/**
 * The tail of a long queue is in the store alone, and is read in parts.
 *
 * - A new delivery goes to the tail when the queue's beginning has used its share of memory, or all queues together have. All deliveries
 *   after it go there too, so that the order holds. Deliveries of shared subscriptions stay in memory, because they may move to other
 *   members.
 * - The next part is requested when half of the beginning has left, so that a client that drains its queue never waits for the disk. Each
 *   queue has one pending read, which is small when memory is short, so that all queues make progress.
 * - The store reads committed deliveries. If it finds none although some wait, they are not committed yet, and it is asked again after the
 *   next commit. Deliveries still missing then do not exist: that is a fault, which is logged, and the counts are corrected.
 * - Expired deliveries of the tail are read and dropped like others when their room is needed.
 *
 * An answer has a turn of its own, unless it comes at once.
 *
 * @module
 */
import { type Delivery, deliverySizeBytes, MESSAGE_OVERHEAD_BYTES } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { QueuePage, QueueQuery } from "../ground/ports.ts";
import type { Client } from "../state/connection.ts";
import type { SessionCopy } from "../state/session_copy.ts";
import { dropDelivery, dropFailed, dropTail } from "./drop.ts";
import { queueLimits } from "./queue_limits.ts";
import { endWaiting } from "./session_flights.ts";
import { replaceStandIn } from "./unlogged_flights.ts";

/** The largest share of one queue in the memory of all. */
const QUEUE_PART = 1 / 64;
/** The share of all queues whose clients are away: the others need memory to drain their queues in large parts. */
const AWAY_PART = 1 / 2;
/** What a queue may have in memory and may read at a time, however short memory is: messages, and bytes. */
const LEAST_MESSAGES = 16;
const LEAST_BYTES = 16 * 1024;

/**
 * Messages kept in memory for a connected client while memory is not short; half of them are read at a time. A read waits for the pending
 * commit, which deletes a thousand messages, and the client takes as many meanwhile.
 */
const DRAIN_MESSAGES = 2048;
/**
 * The same while memory is short, until twice of it is used: a message of a part of 16 costs the store nearly twice as much as one of a part
 * of 64.
 */
const SHORT_DRAIN_MESSAGES = 128;

/** Whether the delivery may wait in the store alone. */
export function mayWaitApart(core: Core, client: Client, delivery: Delivery): boolean {
  const { store, options, queues } = core;
  const { queueMemoryMessages, queueMemoryBytes, maxTotalQueuedBytes } = options;
  if (delivery.sequence === 0 || delivery.share !== undefined) return false;
  if (store?.readQueue === undefined) return false;
  const { queue } = client.session;
  // Deliveries after a tail always go there too, unless they must stay in memory.
  if (queue.tail !== undefined) return true;
  if (queueMemoryMessages === 0) return false;
  const { length } = queue;
  if (length >= queueMemoryMessages) return true;
  const sizeBytes = deliverySizeBytes(delivery);
  if (length > 0 && queue.bytes + sizeBytes > queueMemoryBytes * QUEUE_PART) return true;
  const part = client.connection === null ? AWAY_PART : 1;
  const isShort = queues.heldBytes + sizeBytes > queueMemoryBytes * part;
  if (isShort && (length >= LEAST_MESSAGES || queue.bytes + sizeBytes > LEAST_BYTES)) return true;
  return maxTotalQueuedBytes > 0 && core.totalQueuedBytes + sizeBytes > maxTotalQueuedBytes;
}

/** Whether so little of the queue is left in memory that the next part is to be read. */
export function isNearlyRead(core: Core, client: Client): boolean {
  return client.session.queue.heldLength <= heldMessages(core, client) / 2;
}

/** Requests the next part of the tail, unless a read is pending. */
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
    const { copy } = client;
    if (copy !== null) endWaiting(core, client, copy);
    // All of it may be done with.
    const isWanted = queue.heldLength === 0 || copy !== null && copy.waiting.length > 0;
    if (queue.tail !== undefined && isWanted) readAhead(core, client);
  });
}

/** Requests the expired deliveries of the tail, to drop them. */
export function readExpired(core: Core, client: Client): void {
  const { queue } = client.session;
  const tail = queue.tail!;
  if (tail.reading !== undefined) return;
  tail.reading = "expired";
  // All waiting deliveries are committed then, and the answer says when the next one expires.
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

/** Requests a read from the store, after a commit if `isCommitted`. */
function read(
  core: Core,
  client: Client,
  isCommitted: boolean,
  arrived: (page: QueuePage, wasCommitted: boolean) => void,
  expiredAtMs?: number,
): void {
  const { clientId, queue } = client.session;
  const tail = queue.tail!;
  const awaitedBytes = expectedBytes(core, client);
  core.queues.awaitedBytes += awaitedBytes;
  let isLater = isCommitted;
  const ask = () => {
    if (client.isEnded) return void (core.queues.awaitedBytes -= awaitedBytes);
    if (isCommitted) tail.mustCommit = false;
    if (expiredAtMs !== undefined) tail.nextExpiryMs = Infinity;
    const query: QueueQuery = {
      afterSequence: tail.readUpTo,
      maxMessages: pageMessages(core, client),
      maxBytes: pageBytes(core),
      ...expiredAtMs === undefined ? {} : { expiredAtMs },
    };
    core.store!.readQueue!(clientId, query, (page) => {
      core.queues.awaitedBytes -= awaitedBytes;
      if (client.isEnded) return;
      tail.reading = undefined;
      const act = () => {
        arrived(page, isCommitted);
        // A client that wanted to continue meanwhile had to wait for this answer, whatever was asked.
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

/** Moves a delivery that was read into memory, unless its client may not read it any more. */
function bringIn(core: Core, client: Client, delivery: Delivery): void {
  const { message } = delivery;
  const { clientId, queue } = client.session;
  const isSettled = client.copy !== null && settleRead(core, client, client.copy, delivery);
  const isReadable = isSettled || core.mayRead(client, message.topicName);
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

/** Settles a delivery that does not wait any more by the cluster's log: the client has it, or it is in flight. */
function settleRead(core: Core, client: Client, copy: SessionCopy, delivery: Delivery): boolean {
  if (copy.isDone(delivery)) {
    core.store!.deleteDelivery(client.session.clientId, delivery);
    return true;
  }
  return replaceStandIn(core, client, delivery);
}

/** Drops a delivery that could not be moved to the beginning; only its client is affected. */
function dropMoved(core: Core, client: Client) {
  return (delivery: Delivery, error: unknown): void => {
    core.queues.remove(delivery, true);
    if (delivery.sequence > 0) core.store!.deleteDelivery(client.session.clientId, delivery);
    dropFailed(core, client, delivery.message, error);
  };
}

/** Drops the oldest deliveries until the queue is within its limits: more were accepted while there was nothing in memory to drop. */
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

/** Handles a read without result: the deliveries are not committed yet, or do not exist. */
function isMissing(core: Core, client: Client, wasCommitted: boolean): void {
  const { queue, clientId } = client.session;
  if (!wasCommitted) {
    queue.tail!.mustCommit = true;
    return readAhead(core, client);
  }
  const messages = queue.tail!.length;
  core.ports.log.error("Queued messages of a client are missing in the store", {
    clientId,
    messages,
  });
  dropTail(core, client, "encoding_failed");
}

function isShortOfMemory(core: Core): boolean {
  return usedBytes(core) >= core.options.queueMemoryBytes;
}

/** Bytes of queues in memory, and of what is being read. */
function usedBytes({ queues }: Core): number {
  return queues.heldBytes + queues.awaitedBytes;
}

function pageMessages(core: Core, client: Client): number {
  return Math.max(LEAST_MESSAGES, heldMessages(core, client) - client.session.queue.heldLength);
}

/** What a read will bring into memory, about: as much as the messages of the tail are on average. */
function expectedBytes(core: Core, client: Client): number {
  const { length, bytes } = client.session.queue.tail!;
  const messages = Math.min(length, pageMessages(core, client));
  return Math.min(
    messages * bytes / Math.max(1, length),
    pageBytes(core) + messages * MESSAGE_OVERHEAD_BYTES,
  );
}

/** The number of messages to keep in memory of a queue with a tail. */
function heldMessages(core: Core, { connection }: Client): number {
  const { queueMemoryMessages, queueMemoryBytes } = core.options;
  const isAway = connection === null;
  if (!isShortOfMemory(core)) {
    return isAway ? queueMemoryMessages : Math.max(queueMemoryMessages, DRAIN_MESSAGES);
  }
  return !isAway && usedBytes(core) < 2 * queueMemoryBytes ? SHORT_DRAIN_MESSAGES : LEAST_MESSAGES;
}

function pageBytes(core: Core): number {
  const { queueMemoryBytes } = core.options;
  return isShortOfMemory(core) ? LEAST_BYTES : Math.max(LEAST_BYTES, queueMemoryBytes * QUEUE_PART);
}
