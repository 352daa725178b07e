import type { Message, Publisher, SessionChange, ShareChange } from "../broker/mod.ts";

/** What stands at the head of a record: who has written it. */
export interface RecordHead {
  /** The node's name. */
  readonly node: string;
  /** The start of the node's process: a later one is greater. */
  readonly epoch: number;
  /** Counted from 1 in each epoch. */
  readonly number: number;
}

/** A message in a record. */
export interface RecordMessage {
  readonly message: Message;
  /** Of a QoS 2 message from a stored session; else 0. */
  readonly packetId: number;
  /** It is the will of a client, and counts where the client is its node's; absent: no. */
  readonly isWill?: boolean;
  /** Whose rights it goes by while it is retained; absent: nobody's. */
  readonly source?: Publisher | undefined;
  /** It is for members of a shared subscription alone, and is read only; absent: for all. */
  readonly again?: SharedAgain;
}

/** In versions 5 and 6: a message that stood in the log before, and that no node but its writer has, goes to members of a shared subscription. */
export interface SharedAgain {
  /** The Topic Filter with `$share/...`. */
  readonly share: string;
  /** Its place in the log before. */
  readonly before: number;
}

/** In a record: a client has come to its node. */
export interface RecordClaim {
  readonly clientId: string;
  /** The session that there was ends. */
  readonly endsSession: boolean;
  /** Its session belongs to that node from here on; else it has none that outlives the connection. */
  readonly keepsSession: boolean;
  /** Its client was gone before it was sent: it changes nothing. Absent: no. */
  readonly isVoid?: boolean;
}

/** In a record: what the node that a session belongs to says about it. */
export interface RecordChange {
  readonly change: SessionChange;
}

/** In a record: another node was not heard for long. It is dead if it has put nothing into the log since this record of it. */
export interface RecordDeath {
  readonly dead: RecordHead;
}

/** In a record: what a node says of its members of shared subscriptions. */
export interface RecordShare {
  readonly share: ShareChange;
}

/** An entry of a record. */
export type RecordEntry = RecordMessage | RecordClaim | RecordChange | RecordDeath | RecordShare;

/** What one node has to say of a turn, in order. */
export interface LogRecord extends RecordHead {
  /** The last record by which a session came to its node from another one, of those that the node had applied. */
  readonly since: number;
  readonly entries: readonly RecordEntry[];
}

/** Places of a record in the log. */
const PLACES = 1024;
/** Entries of a record at most: less than {@linkcode PLACES}. */
export const MAX_ENTRIES = 1000;

/** The place in the log of the first entry of a record: entries count from it. */
export function firstPlaceOf(sequence: number): number {
  return sequence * PLACES;
}

/** The record that a place in the log is in. */
export function recordOf(place: number): number {
  return Math.floor(place / PLACES);
}

/** Which of its record's entries is at a place in the log, from 0 on. */
export function entryAt(place: number): number {
  return place % PLACES;
}
