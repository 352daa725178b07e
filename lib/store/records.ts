import type { Delivery, KeptMessage } from "../broker/mod.ts";
import type { Placed } from "./gathered.ts";

/** A message that is stored; with its last delivery it goes. */
export interface MessageRecord extends Placed {
  readonly id: number;
  readonly message: KeptMessage;
  /** Deliveries that share it. */
  references: number;
}

/** A delivery that is stored. */
export interface DeliveryRecord extends Placed {
  readonly sessionId: number;
  readonly delivery: Delivery;
  readonly message: MessageRecord;
  /** 0: it waits. */
  packetId: number;
  /** 0: it is not released; else its place among those that are, in the order in which they became it. */
  releaseOrder: number;
  /** Its written row is out of date, and the batch knows. */
  isChanged: boolean;
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
}

/** A session to which nothing belongs; an expiry of 0 seconds is none, and holds a will. */
export function newSessionRecord(
  id: number,
  expirySeconds: number,
  isWritten: boolean,
): SessionRecord {
  const isSession = expirySeconds > 0;
  return { id, isSession, isWritten, deliveries: new Map(), received: new Map() };
}
