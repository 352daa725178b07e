import type { Core } from "../core/core.ts";
import { AUTOMATIC, BRIDGE_CLIENT_PREFIX, type BridgeAdmission } from "../ground/options.ts";
import type { Client } from "../state/connection.ts";

/** The limits of a client's queue; 0: no limit. */
export interface QueueLimits {
  /** Messages in all. */
  readonly messages: number;
  /** Bytes in all. */
  readonly bytes: number;
  /** Messages that must stay in memory. */
  readonly heldMessages: number;
  /** Bytes of messages that must stay in memory. */
  readonly heldBytes: number;
}

/** The node that a bridge is at decides what waits for it: what the others leave out would be lost where the bridge comes to them. */
const UNLIMITED: QueueLimits = { messages: 0, bytes: 0, heldMessages: 0, heldBytes: 0 };

/**
 * The limits of a client's queue. A queue whose tail is in the store alone may be longer than memory allows; deliveries that must stay in
 * memory have the usual limits.
 */
export function queueLimits(core: Core, { bridge, session, copy }: Client): QueueLimits {
  const { options, store } = core;
  if (copy?.isElsewhere === true && session.clientId.startsWith(BRIDGE_CLIENT_PREFIX)) {
    return UNLIMITED;
  }
  if (bridge !== undefined) return bridgeLimits(bridge);
  const { maxQueuedMessages, maxQueuedBytes, queueMemoryMessages } = options;
  const isDeep = store?.readQueue !== undefined && session.isPersistent && queueMemoryMessages > 0;
  const { queue } = session;
  const heldMessages = orElse(maxQueuedMessages, AUTOMATIC.queuedMessages);
  const heldBytes = orElse(maxQueuedBytes, AUTOMATIC.queuedBytes);
  if (!isDeep) return { messages: heldMessages, bytes: heldBytes, heldMessages, heldBytes };
  // The second half of the store is reserved for short queues: long ones stay, but do not grow.
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

/** The limits of a bridge's queue at the node that has it. */
export function bridgeLimits({ maxQueuedBytes: bytes }: BridgeAdmission): QueueLimits {
  return { messages: 0, bytes, heldMessages: 0, heldBytes: bytes };
}

/** The most unread bytes of one connection; 0: no limit. */
export function maxUnsentBytes({ options }: Core): number {
  return orElse(options.maxQueuedBytes, AUTOMATIC.queuedBytes);
}

function orElse(limit: number, automatic: number): number {
  return limit < 0 ? automatic : limit;
}
