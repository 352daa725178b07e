import type { Delivery, KeptMessage, QueueCounts } from "../broker/mod.ts";
import type { Placed } from "./gathered.ts";

/** A message that is stored; with its last delivery it goes. */
export interface MessageRecord extends Placed {
  readonly id: number;
  readonly message: KeptMessage;
  /** Deliveries that share it, of those that the store has in memory. */
  references: number;
  /** It is, or was, that of several deliveries: who deletes it looks for others first, which only the file may know. */
  isShared: boolean;
}

/** A delivery that is stored. */
export interface DeliveryRecord extends Placed {
  readonly session: SessionRecord;
  readonly delivery: Delivery;
  readonly message: MessageRecord;
  /** 0: it waits. */
  packetId: number;
  /** 0: it is not released; else its place among those that are, in the order in which they became it. */
  releaseOrder: number;
  /** Its written row is out of date, and the batch knows. */
  isChanged: boolean;
  /** Its written row stands among those that wait. */
  isWaiting: boolean;
  /** Nobody has it in memory once it is written. */
  readonly isApart: boolean;
}

/** A Packet Identifier of an incoming QoS 2 message. */
export interface ReceivedRecord extends Placed {
  readonly sessionId: number;
  readonly packetId: number;
}

/** A session that is stored, and what belongs to it of which there may be much. */
export interface SessionRecord {
  readonly id: number;
  /** Not so for a client whose session is not stored and whose will is: nothing else belongs to it. */
  isSession: boolean;
  /** The file has it, or the Worker. */
  isWritten: boolean;
  /** By sequence. */
  readonly deliveries: Map<number, DeliveryRecord>;
  /** By Packet Identifier. */
  readonly received: Map<number, ReceivedRecord>;
  /** The file may have deliveries of it that are not among these. */
  hasApart: boolean;
  /** The greatest that was put for it by this process. */
  lastSequence: number;
  /** How much waits for it. */
  readonly queue: { -readonly [Name in keyof QueueCounts]: QueueCounts[Name] };
  /** The batch knows that this has changed. */
  isQueueChanged: boolean;
  /** The file says that something waits. */
  isQueueWritten: boolean;
  /** It is not stored any more. */
  isDeleted: boolean;
}

/** A session to which nothing belongs; an expiry of 0 seconds is none, and holds a will. */
export function newSessionRecord(
  id: number,
  expirySeconds: number,
  isWritten: boolean,
): SessionRecord {
  const isSession = expirySeconds > 0;
  return {
    id,
    isSession,
    isWritten,
    deliveries: new Map(),
    received: new Map(),
    hasApart: false,
    lastSequence: 0,
    queue: { messages: 0, bytes: 0, qos0Messages: 0 },
    isQueueChanged: false,
    isQueueWritten: false,
    isDeleted: false,
  };
}
