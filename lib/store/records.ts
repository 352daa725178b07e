import type { Delivery, KeptMessage, QueueCounts, SentDelivery } from "../broker/mod.ts";
import type { CommitPoint } from "./commit_point.ts";
import type { Placed } from "./gathered.ts";

/** A stored message. It is deleted with its last delivery. */
export interface MessageRecord extends Placed {
  readonly id: number;
  readonly message: KeptMessage;
  /** The deliveries of this message that the store has in memory. */
  references: number;
  /** Several deliveries have or had this message, of which some may be known in the file alone: look for them before it is deleted. */
  isShared: boolean;
  /** The number of the last batch that writes a delivery of this message. */
  lastBatch: number;
}

/** A stored delivery. */
export interface DeliveryRecord extends Placed {
  readonly session: SessionRecord;
  readonly delivery: Delivery;
  readonly message: MessageRecord;
  /** The Packet Identifier; 0: the delivery waits. */
  packetId: number;
  /** The place in the order in which deliveries were released; 0: it is not released. */
  releaseOrder: number;
  /** Its written row is out of date, and the batch will write it again. */
  isChanged: boolean;
  /** Its written row is in the table of those that wait. */
  isWaiting: boolean;
  /** The session does not keep it in memory after it is written. */
  readonly isApart: boolean;
  /** While it gathers: what waits for it. */
  point: CommitPoint | undefined;
}

/** What the store knows of a delivery in flight until it makes rows of it: at first only where it is. */
export class SentNote implements Placed {
  place: Placed["place"] = "gathered";

  constructor(
    readonly session: SessionRecord,
    readonly sent: SentDelivery,
    readonly point: CommitPoint,
  ) {}
}

/** The stored Packet Identifier of an incoming QoS 2 message. */
export interface ReceivedRecord extends Placed {
  readonly sessionId: number;
  readonly packetId: number;
}

/** A stored session, with those of its parts that may be many. */
export interface SessionRecord {
  readonly id: number;
  /** Whether the session itself is stored. `false`: only the will of its client is, and nothing else belongs to it. */
  isSession: boolean;
  /** Its row is in the file, or on its way there. */
  isWritten: boolean;
  /** By sequence. */
  readonly deliveries: Map<number, DeliveryRecord>;
  /** By Packet Identifier. */
  readonly received: Map<number, ReceivedRecord>;
  /** The file may have deliveries of the session that are not in memory. */
  hasApart: boolean;
  /** Notes of deliveries in flight that gather, and are not in `deliveries`; the batch counts them. */
  sent: number;
  /** The greatest sequence that this process has put for it. */
  lastSequence: number;
  /** How much waits for it. */
  readonly queue: { -readonly [Name in keyof QueueCounts]: QueueCounts[Name] };
  /** The batch will write that this has changed. */
  isQueueChanged: boolean;
  /** According to the file, something waits. */
  isQueueWritten: boolean;
  /** It is not stored any more. */
  isDeleted: boolean;
  /** What its row says, or will say with the batch of this number; 0: the file says so. */
  expirySeconds: number;
  expiresAtMs: number;
  owner: string | undefined;
  rowBatch: number;
}

/** A session without parts. With an expiry of 0 seconds it is not stored itself, and only carries a will. */
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
    sent: 0,
    lastSequence: 0,
    queue: { messages: 0, bytes: 0, qos0Messages: 0 },
    isQueueChanged: false,
    isQueueWritten: false,
    isDeleted: false,
    expirySeconds,
    expiresAtMs: NaN,
    owner: undefined,
    rowBatch: 0,
  };
}
