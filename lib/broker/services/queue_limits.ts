import type { Core } from "../core/core.ts";
import { AUTOMATIC } from "../ground/options.ts";
import type { Client } from "../state/connection.ts";

/** How much may wait for a client; 0: no limit. */
export interface QueueLimits {
  /** Messages in all. */
  readonly messages: number;
  /** Bytes in all. */
  readonly bytes: number;
  /** Messages of these that are in memory because they must be. */
  readonly heldMessages: number;
  /** Bytes of these. */
  readonly heldBytes: number;
}

/** Where long queues wait in the store alone more may wait than memory has room for; what must stay in memory is bounded as ever. */
export function queueLimits(core: Core, { bridge, session }: Client): QueueLimits {
  const { options, store } = core;
  if (bridge !== undefined) {
    const { maxQueuedBytes: bytes } = bridge;
    return { messages: 0, bytes, heldMessages: 0, heldBytes: bytes };
  }
  const { maxQueuedMessages, maxQueuedBytes, queueMemoryMessages } = options;
  const isDeep = store?.readQueue !== undefined && session.isPersistent && queueMemoryMessages > 0;
  const { queue } = session;
  const heldMessages = orElse(maxQueuedMessages, AUTOMATIC.queuedMessages);
  const heldBytes = orElse(maxQueuedBytes, AUTOMATIC.queuedBytes);
  if (!isDeep) return { messages: heldMessages, bytes: heldBytes, heldMessages, heldBytes };
  // Half of the store is for those who have little: who has more keeps that, and gets no more.
  const [messages, bytes] = store.isHalfFull === true
    ? [
      Math.max(AUTOMATIC.queuedMessages, queue.length),
      Math.max(AUTOMATIC.queuedBytes, queue.bytes),
    ]
    : [0, AUTOMATIC.storedBytes];
  return {
    messages: orElse(maxQueuedMessages, messages),
    bytes: orElse(maxQueuedBytes, bytes),
    heldMessages,
    heldBytes,
  };
}

/** Bytes that may wait before a connection that does not take them; 0: no limit. */
export function maxUnsentBytes({ options }: Core): number {
  return orElse(options.maxQueuedBytes, AUTOMATIC.queuedBytes);
}

function orElse(limit: number, automatic: number): number {
  return limit < 0 ? automatic : limit;
}
