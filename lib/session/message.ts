import { type Properties, propertiesSizeBytes, type Qos } from "../codec/mod.ts";

/**
 * Memory that a message takes beside its content, in bytes: its object, its payload's object, and a delivery. Measured: 388 where one
 * session keeps it, 81 for each further session. It counts against the limits, so that a flood of tiny messages counts with the memory it
 * takes.
 */
export const MESSAGE_OVERHEAD_BYTES = 384;

/** Memory that a User Property takes beside its content, in bytes: an array and two strings. Measured: 75 to 130. */
export const USER_PROPERTY_OVERHEAD_BYTES = 128;

/** An Application Message on its way through the broker, whoever published it: a client, a will or a program. */
export interface Message {
  /** The full Topic Name: with the publisher's mount point, without aliases. */
  readonly topicName: string;
  /** While the message is routed, a view that is valid in this turn only; whoever keeps the message copies it. */
  readonly payload: Uint8Array;
  /** The QoS as published; a subscription may lower it. */
  readonly qos: Qos;
  /** The RETAIN flag as published: whether the broker is to keep the message for its topic. */
  readonly retain: boolean;
  /** Only properties that are forwarded: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties: Properties | undefined;
  /** When the Message Expiry Interval ends, in the clock's milliseconds; `Infinity` if there is none. */
  readonly expiresAtMs: number;
  /** Client Identifier of the publisher, for No Local, logs and counters; `""` for the broker itself. */
  readonly publisherId: string;
  /** The message's place in the log of the cluster, the same on every node; absent or 0: the log does not have it. */
  readonly logId?: number;
  /** In a cluster, of a message of QoS 0: which node delivers to a shared subscription follows from it. */
  draw?: number;
}

/**
 * A message that a session keeps, with its own copy of the payload. All sessions that keep the message share one object, so that it exists
 * once in memory and once on disk.
 */
export interface KeptMessage extends Omit<Message, "payload"> {
  /** The content never changes, but the bytes may be moved to another array. */
  payload: Uint8Array;
  /** The store's number for the message; 0 while it is not stored. */
  storeId: number;
  /** The bytes of its properties, set when {@linkcode contentSizeBytes} is first called. */
  propertiesBytes?: number;
}

/** The publisher of a retained message, as far as access rules depend on it. */
export interface Publisher {
  /** Its Client Identifier. */
  readonly clientId: string;
  /** Its user name; `undefined` for an anonymous client. */
  readonly userName: string | undefined;
  /** The name of the listener that it connected to. */
  readonly listener: string;
}

/** A retained message as read from a store. Its fields need not be its own: copy each, do not spread it. */
export interface StoredRetained extends Message, Pick<RetainedMessage, "publisher"> {
  /** Its PUBLISH packet, if that has no properties: then it can be sent without being decoded. */
  readonly plain?: PlainPacket;
}

/** Where the parts of a PUBLISH packet without properties are. */
export interface PlainPacket {
  /** The array that has the packet in it. */
  readonly bytes: Uint8Array;
  /** Where the Topic Name begins, with its length before it. */
  readonly nameAt: number;
  /** Where the Topic Name ends. */
  readonly nameEnd: number;
  /** Where the payload begins. */
  readonly payloadAt: number;
  /** Where the payload ends, and with it the packet. */
  readonly end: number;
}

/** A retained message with its own copy of the payload. */
export interface RetainedMessage extends Message {
  /** Absent if the broker or one of its bridges published the message, or if the publisher is no longer known. */
  readonly publisher?: Publisher | undefined;
  /** Set by the store: the message's place among the pending writes; 0 while it is not stored. */
  storePlace: number;
  /** Called by a store that can read the payload again when the message is committed; the payload may leave memory then. */
  wasStored?(): void;
}

/** A message as one session gets it. */
export interface Delivery {
  /** The message, shared with all other sessions that keep it. */
  readonly message: KeptMessage;
  /** The QoS for this session; 0 only where messages of QoS 0 are kept. */
  readonly qos: Qos;
  /** The RETAIN flag in this session's PUBLISH. */
  readonly retain: boolean;
  /** Subscription Identifiers of all matching subscriptions; `undefined` if none has one. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The shared subscription by which this session was chosen, if any: an undelivered message may move to another member. */
  readonly share: string | undefined;
  /** The delivery's place in the order of the store; 0 where it is not stored. */
  readonly sequence: number;
}

/** A delivery of QoS 1 that was sent to a connected client and is in flight. The store may keep the object itself. */
export interface SentDelivery extends Delivery {
  /** The Packet Identifier under which it is in flight. */
  readonly packetId: number;
  /** Belongs to the store: what it knows of the delivery. */
  note: unknown;
  /** The same delivery as plain data, with a copy of the payload. */
  toDelivery(): Delivery;
}

/** The parts of a message whose size is counted. */
export interface CountedMessage {
  /** {@linkcode Message.topicName} */
  readonly topicName: string;
  /** {@linkcode Message.payload} */
  readonly payload: { readonly length: number };
  /** {@linkcode Message.properties} */
  readonly properties: Properties | undefined;
  /** Remembered, because measuring properties takes as long as encoding them. */
  propertiesBytes?: number;
}

/** Bytes of a message's payload, topic and properties. */
export function contentSizeBytes(message: CountedMessage): number {
  const { payload, topicName, properties } = message;
  const sizeBytes = payload.length + topicName.length;
  if (properties === undefined) return sizeBytes;
  return sizeBytes + (message.propertiesBytes ??= keptPropertiesBytes(properties));
}

/** Bytes of a kept message, as they count against the limits: its content and its overhead. */
export function messageSizeBytes(message: CountedMessage): number {
  return MESSAGE_OVERHEAD_BYTES + contentSizeBytes(message);
}

/** Bytes of a delivery, as they count against the limits. */
export function deliverySizeBytes(delivery: Delivery): number {
  return messageSizeBytes(delivery.message);
}

/** Bytes of kept properties: their encoded size, and the overhead of each User Property. */
export function keptPropertiesBytes(properties: Properties | undefined): number {
  const userProperties = properties?.userProperties?.length ?? 0;
  return propertiesSizeBytes(properties) + userProperties * USER_PROPERTY_OVERHEAD_BYTES;
}
