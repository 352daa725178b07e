import type { MessageRow, QueueRow, SessionRow, SubscriptionRow, WaitingRow } from "./rows.ts";
import type { SharedKey, SharedRow } from "./shared_rows.ts";

/** The rows that one commit writes, as plain data that can be sent to the Worker. */
export interface BatchRows {
  readonly deletedSessions: readonly number[];
  /** Those deleted sessions for which the file may hold more waiting deliveries than are deleted here. */
  readonly endedSessions: readonly number[];
  readonly sessions: readonly SessionRow[];
  readonly deletedSubscriptions: readonly SubscriptionKey[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly messages: readonly MessageRow[];
  readonly waiting: readonly WaitingRow[];
  /** Deliveries in flight, as {@linkcode packFlight} packs them. */
  readonly flight: Uint8Array<ArrayBuffer>;
  readonly deletedWaiting: readonly WaitingKey[];
  readonly deletedMessages: readonly number[];
  /** Messages that may have other deliveries in the file; they are deleted only if they have none. */
  readonly releasedMessages: readonly number[];
  readonly queues: readonly QueueRow[];
  readonly deletedReceived: readonly ReceivedRow[];
  readonly received: readonly ReceivedRow[];
  readonly deletedRetained: readonly string[];
  /** Rows as {@linkcode packRetained} packs them. */
  readonly retained: Uint8Array<ArrayBuffer>;
  readonly deletedWills: readonly number[];
  /** Rows as {@linkcode packWills} packs them. */
  readonly wills: Uint8Array<ArrayBuffer>;
  /** They are deleted before others are put. */
  readonly deletedShared: readonly SharedKey[];
  readonly shared: readonly SharedRow[];
  /** How far a cluster's log has been applied; `null` for no change. */
  readonly position: string | null;
}

/** The key of a subscription. */
export type SubscriptionKey = readonly [sessionId: number, topicFilter: string];
/** The key of a waiting delivery. */
export type WaitingKey = readonly [sessionId: number, sequence: number];
/** A Packet Identifier that a session has received. */
export type ReceivedRow = readonly [sessionId: number, packetId: number];
