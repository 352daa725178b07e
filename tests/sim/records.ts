import type { Properties, ProtocolVersion, Qos } from "../../lib/codec/mod.ts";
import type { SimLink } from "./link.ts";

/** The broker has done what it must not do, or not done what it must. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/**
 * Where a will stands: with a connection, waiting for its delay, published, taken away. A crash leaves some of which
 * nobody can say whether they are published.
 */
export type WillState = "armed" | "delayed" | "due" | "cancelled" | "unsure";

/** A message that somebody published, or left as a will. */
export interface PublishRecord {
  /** Also the order of its publisher's messages. */
  readonly id: number;
  readonly publisherId: string;
  readonly topicName: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Empty: it clears what is retained, and nobody can tell it from others. */
  readonly payload: Uint8Array;
  readonly properties: Properties | undefined;
  /** When its first PUBLISH went to the wire, or the will was published. */
  sentAtMs: number;
  /** When its publisher learned that the broker has it. */
  ackedAtMs: number;
  isRefused: boolean;
  /** The broker can take its topic; of any other it says so, or counts a drop. */
  readonly isTaken: boolean;
  /** PUBLISH packets sent for it. */
  attempts: number;
  /** Crashes before it was sent. */
  crashesBefore: number;
  will: WillState | undefined;
}

/** A subscription as its client knows it. */
export interface SubRecord {
  /** With `$share/…`. */
  readonly wholeFilter: string;
  readonly topicFilter: string;
  readonly isShared: boolean;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  readonly identifier: number;
  readonly sentAtMs: number;
  /** When the SUBACK came; `Infinity`: it did not. */
  grantedAtMs: number;
  /** When the client asked to end or to change it. */
  endAskedAtMs: number;
  /** When the client learned that it has ended. */
  endedAtMs: number;
}

/** A will that waits for its delay to pass. */
export interface DelayedWill {
  readonly record: PublishRecord;
  readonly dueAtMs: number;
  /** Its client was connected when a process ended: it may come back with Clean Start too. */
  readonly isOrphan: boolean;
}

/** A session from its beginning to its end: a new one of the same client is another. */
export interface Incarnation {
  readonly clientId: string;
  readonly subs: SubRecord[];
  link: SimLink | undefined;
  expirySeconds: number;
  expiresAtMs: number;
  isOver: boolean;
  /** The store's count of writes when its existence last changed: it is certain when so many are on the disk. */
  writes: number;
  /** The same of its beginning. */
  beganWrites: number;
  will: DelayedWill | undefined;
  /** Ids of messages that have arrived. */
  readonly seen: Set<number>;
  /** Copies that arrived, by message and what told them apart. */
  readonly copies: Map<string, number>;
  /** The last message that arrived for the first time, by publisher, topic and QoS. */
  readonly order: Map<string, number>;
}

/** What a client asked for in its CONNECT, and later in its DISCONNECT. */
export interface ConnectFacts {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
  readonly keepAliveSeconds: number;
  readonly receiveMaximum: number;
  readonly topicAliasMaximum: number;
  /** Absent: it says none. */
  readonly maximumPacketSize?: number | undefined;
  readonly will: { readonly record: PublishRecord; readonly delaySeconds: number } | undefined;
}

/** A DISCONNECT: it counts when the broker has read up to `endBytes` of what the client sent. */
export interface DisconnectFacts {
  readonly endBytes: number;
  readonly keepsWill: boolean;
  readonly expirySeconds: number | undefined;
}
