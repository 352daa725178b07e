import {
  decodePublish,
  encodePublishInto,
  type Properties,
  type Publish,
  publishOf,
  publishSize,
} from "../codec/mod.ts";
import type { Delivery, KeptMessage, StoredWill, Subscription } from "../broker/mod.ts";
import type { DeliveryRecord, MessageRecord } from "./records.ts";

/** A time or a number of seconds in a row; `null` is for ever. */
export type Endless = number | null;

/** `[id, client id, expiry in seconds, expires at ms, owner or null]` */
export type SessionRow = [
  id: number,
  clientId: string,
  expirySeconds: Endless,
  expiresAtMs: Endless,
  owner: string | null,
];
/** `[session, filter, QoS | No Local << 2 | Retain As Published << 3, Subscription Identifier]` */
export type SubscriptionRow = [sessionId: number, topicFilter: string, flags: number, id: number];
/** `[id, PUBLISH packet of 5.0, publisher, expires at ms]` */
export type MessageRow = [id: number, packet: Uint8Array, publisher: string, expiresAtMs: Endless];
/** `[sequence, session, message, QoS | RETAIN << 2 | shared << 3, packet id, place among the released or 0, ids "1,2", share]` */
export type DeliveryRow = [
  sequence: number,
  sessionId: number,
  messageId: number,
  flags: number,
  packetId: number,
  releaseOrder: number,
  subscriptionIdentifiers: string | null,
  share: string | null,
];
/** `[session, sequence, message, flags as above, ids "1,2", share, expires at ms]` */
export type WaitingRow = [
  sessionId: number,
  sequence: number,
  messageId: number,
  flags: number,
  subscriptionIdentifiers: string | null,
  share: string | null,
  expiresAtMs: Endless,
];
/** `[session, messages, bytes, messages of QoS 0, sequence that is greater than none]` */
export type QueueRow = [
  sessionId: number,
  messages: number,
  bytes: number,
  qos0Messages: number,
  lastSequence: number,
];
/** `[topic, PUBLISH packet of 5.0, publisher, expires at ms, its user name, its listener or null where neither is known]` */
export type RetainedRow = [
  topicName: string,
  packet: Uint8Array,
  publisher: string,
  expiresAtMs: Endless,
  publisherUser: string | null,
  publisherListener: string | null,
];
/** The columns of a {@linkcode RetainedRow}. */
export const RETAINED_COLUMNS =
  "topic_name, packet, publisher, expires_at_ms, publisher_user, publisher_listener";
/** `[session, PUBLISH packet of 5.0, due at ms or Infinity, Will Delay Interval of a client that is connected, 1: its client was]` */
export type WillRow = [
  sessionId: number,
  packet: Uint8Array,
  dueAtMs: number,
  delaySeconds: number,
  isOrphan: number,
];

/** A delivery that waits, with its message, as it is read. */
export interface QueuedRow {
  readonly sequence: number;
  readonly messageId: number;
  readonly flags: number;
  readonly identifiers: string | null;
  /** PUBLISH packet of 5.0. */
  readonly packet: Uint8Array;
  readonly publisher: string;
  readonly expiresAtMs: Endless;
}

/** Encodes a time for a column: not every tool shows SQLite's infinity in the same way. */
export function toEndless(value: number): Endless {
  return value === Infinity ? null : value;
}

/** Decodes a time from a column. */
export function fromEndless(value: Endless): number {
  return value ?? Infinity;
}

/** Encodes the message as a PUBLISH of 5.0. The codec defines the format of the row, so a row can contain what a packet can. */
export function messageRow({ id, message }: MessageRecord): MessageRow {
  const { expiresAtMs } = message;
  const publisher = publisherText(message);
  return [id, encodeMessage(message, message.properties), publisher, toEndless(expiresAtMs)];
}

/** The message of a row. */
export function messageFromRow(
  packet: Uint8Array,
  publisher: string,
  expiresAtMs: Endless,
  storeId: number,
): KeptMessage {
  return messageOf(decodePublish(packet, 0, packet.length, 5), publisher, expiresAtMs, storeId);
}

/** The message of a row whose packet is decoded. */
export function messageOf(
  { topicName, payload, qos, retain, properties }: Publish,
  publisher: string,
  expiresAtMs: Endless,
  storeId: number,
): KeptMessage {
  return {
    topicName,
    payload,
    qos,
    retain,
    properties,
    expiresAtMs: fromEndless(expiresAtMs),
    ...readPublisherText(publisher),
    storeId,
  };
}

/** Stands before a place in the log, and before a Client Identifier that begins with it: such are rare, but nobody forbids them. */
export const LOG_MARK = "\u0001";

/** The text of a message's publisher, with the message's place in the cluster's log where it has one. */
export function publisherText(
  { publisherId, logId = 0 }: Pick<KeptMessage, "publisherId" | "logId">,
): string {
  if (logId === 0 && !publisherId.startsWith(LOG_MARK)) return publisherId;
  return `${LOG_MARK}${logId}${LOG_MARK}${publisherId}`;
}

/** Reads {@linkcode publisherText}. */
function readPublisherText(text: string): { publisherId: string; logId?: number } {
  const end = text.startsWith(LOG_MARK) ? text.indexOf(LOG_MARK, 1) : -1;
  const logId = Number(text.slice(1, Math.max(end, 1)));
  if (end < 0 || !Number.isInteger(logId)) return { publisherId: text };
  return { publisherId: text.slice(end + 1), ...logId === 0 ? {} : { logId } };
}

/** Whether a row's packet can be decoded. */
export function isPacket(packet: unknown): boolean {
  if (!(packet instanceof Uint8Array)) return false;
  try {
    decodePublish(packet, 0, packet.length, 5);
    return true;
  } catch {
    return false;
  }
}

export function subscriptionRow(sessionId: number, subscription: Subscription): SubscriptionRow {
  const { topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier } = subscription;
  const flags = qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0);
  return [sessionId, topicFilter, flags, subscriptionIdentifier];
}

export function subscriptionFromRow(topicFilter: string, flags: number, id: number): Subscription {
  return {
    topicFilter,
    qos: (flags & 3) as Subscription["qos"],
    noLocal: (flags & 4) !== 0,
    retainAsPublished: (flags & 8) !== 0,
    subscriptionIdentifier: id,
  };
}

export function deliveryRow(record: DeliveryRecord): DeliveryRow {
  const { delivery: { sequence, share }, packetId, releaseOrder } = record;
  return [
    sequence,
    record.session.id,
    record.message.id,
    flagsOf(record),
    packetId,
    releaseOrder,
    identifiersOf(record),
    share ?? null,
  ];
}

export function waitingRow(record: DeliveryRecord): WaitingRow {
  const { delivery: { sequence, share, message } } = record;
  return [
    record.session.id,
    sequence,
    record.message.id,
    flagsOf(record),
    identifiersOf(record),
    share ?? null,
    toEndless(message.expiresAtMs),
  ];
}

/** Flag in the row of a delivery: other deliveries have or had its message too. */
export const SHARED_FLAG = 8;

function flagsOf({ delivery: { qos, retain }, message }: DeliveryRecord): number {
  return qos | (retain ? 4 : 0) | (message.isShared ? SHARED_FLAG : 0);
}

function identifiersOf({ delivery: { subscriptionIdentifiers } }: DeliveryRecord): string | null {
  return subscriptionIdentifiers === undefined ? null : subscriptionIdentifiers.join(",");
}

export function deliveryFromRow(row: DeliveryRow, message: KeptMessage): Delivery {
  const [sequence, , , flags, , , identifiers, share] = row;
  return {
    message,
    qos: (flags & 3) as Delivery["qos"],
    retain: (flags & 4) !== 0,
    subscriptionIdentifiers: identifiers === null ? undefined : identifiers.split(",").map(Number),
    share: share ?? undefined,
    sequence,
  };
}

/** A delivery that was read, of this message. */
export function waitingFromRow(row: QueuedRow, message: KeptMessage): Delivery {
  const { sequence, flags, identifiers } = row;
  return deliveryFromRow([sequence, 0, 0, flags, 0, 0, identifiers, null], message);
}

/** Encodes a will as a PUBLISH. A PUBLISH cannot carry the delay, so that has a column; while the delay runs, `dueAtMs` contains it. */
export function willRow(sessionId: number, { will, dueAtMs, isOrphan }: StoredWill): WillRow {
  if (will.properties === undefined) {
    return [sessionId, encodeMessage(will, undefined), dueAtMs, 0, isOrphan === true ? 1 : 0];
  }
  const { willDelayInterval = 0, ...properties } = will.properties;
  const hasProperties = Object.keys(properties).length > 0;
  const packet = encodeMessage(will, hasProperties ? properties : undefined);
  const delaySeconds = dueAtMs === Infinity ? willDelayInterval : 0;
  return [sessionId, packet, dueAtMs, delaySeconds, isOrphan === true ? 1 : 0];
}

export function willFromRow(
  [, packet, dueAtMs, willDelayInterval, isOrphan]: WillRow,
): StoredWill {
  const { topicName, payload, qos, retain, ...rest } = decodePublish(packet, 0, packet.length, 5);
  const properties = willDelayInterval > 0
    ? { ...rest.properties, willDelayInterval }
    : rest.properties;
  const will = { topicName, payload, qos, retain };
  return {
    will: properties === undefined ? will : { ...will, properties },
    dueAtMs,
    ...isOrphan === 1 ? { isOrphan: true } : {},
  };
}

/** A message as a PUBLISH of 5.0. */
export function encodeMessage(
  message: Pick<Publish, "topicName" | "payload" | "qos" | "retain">,
  properties: Properties | undefined,
): Uint8Array {
  const packet = publishOf(message, properties);
  const bytes = new Uint8Array(publishSize(packet, 5));
  encodePublishInto(packet, 5, bytes, 0);
  return bytes;
}
