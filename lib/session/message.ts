import { type Properties, propertiesSizeBytes, type Qos } from "../codec/mod.ts";

/**
 * What a message takes beside its content, in bytes: its object, that of its payload, and a delivery. Measured: 388 where one session
 * keeps it, 81 for each further one. So a flood of tiny messages counts for what it takes.
 */
export const MESSAGE_OVERHEAD_BYTES = 384;

/** What a User Property takes beside its content, in bytes: an array and two strings. Measured: 75 to 130. */
export const USER_PROPERTY_OVERHEAD_BYTES = 128;

/** An Application Message on its way through the broker, whoever published it: a client, a will or a program. */
export interface Message {
  /** Whole: with the publisher's mount point, without aliases. */
  readonly topicName: string;
  /** While the message is routed a view that is valid for this turn; whoever keeps the message copies it. */
  readonly payload: Uint8Array;
  /** As published; what a subscription was granted may lower it. */
  readonly qos: Qos;
  /** As published: whether the broker is to keep it as its topic's last. */
  readonly retain: boolean;
  /** Only those that travel on: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties: Properties | undefined;
  /** When the Message Expiry Interval has passed, in the clock's milliseconds; `Infinity` where there is none. */
  readonly expiresAtMs: number;
  /** Who published it: for No Local, logs and counters; `""` for the broker itself. */
  readonly publisherId: string;
}

/**
 * A message that a session keeps: its payload is its own. One object serves all sessions that keep the message, so that it
 * is in memory, and on disk, once.
 */
export interface KeptMessage extends Omit<Message, "payload"> {
  /** Its content never changes; where it lies may. */
  payload: Uint8Array;
  /** The store's number for it; 0 while no store has it. */
  storeId: number;
  /** What {@linkcode contentSizeBytes} found its properties to take, once somebody has asked. */
  propertiesBytes?: number;
}

/** A message that is retained: its payload is its own too, and valid for good. */
export interface RetainedMessage extends Message {
  /** The store's mark: where it stands among what is to be written; 0 while no store has it. */
  storePlace: number;
}

/** A message as one session gets it. */
export interface Delivery {
  /** Shared with all other sessions that keep it. */
  readonly message: KeptMessage;
  /** What this session gets it with; 0 only where messages of QoS 0 are kept. */
  readonly qos: Qos;
  /** The RETAIN flag that this session is to see. */
  readonly retain: boolean;
  /** Of all subscriptions that match; absent where none has one. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The shared subscription that chose this session, where one did: undelivered, the message may move on. */
  readonly share: string | undefined;
  /** Its place in the session's order, in the store; 0 where nothing is stored. */
  readonly sequence: number;
}

/** What is counted of a message. */
export interface CountedMessage {
  /** {@linkcode Message.topicName} */
  readonly topicName: string;
  /** {@linkcode Message.payload} */
  readonly payload: { readonly length: number };
  /** {@linkcode Message.properties} */
  readonly properties: Properties | undefined;
  /** Remembered where there are properties: to measure them takes as long as to encode them. */
  propertiesBytes?: number;
}

/** Bytes of a message's payload, topic and properties: what a peer made us keep. */
export function contentSizeBytes(message: CountedMessage): number {
  const { payload, topicName, properties } = message;
  const sizeBytes = payload.length + topicName.length;
  if (properties === undefined) return sizeBytes;
  return sizeBytes + (message.propertiesBytes ??= keptPropertiesBytes(properties));
}

/** What a message that is kept takes of the limits in bytes: its content, and what it takes to keep it. */
export function messageSizeBytes(message: CountedMessage): number {
  return MESSAGE_OVERHEAD_BYTES + contentSizeBytes(message);
}

/** What a delivery takes of the limits in bytes. */
export function deliverySizeBytes(delivery: Delivery): number {
  return messageSizeBytes(delivery.message);
}

/** Bytes of properties that are kept: as encoded, and what each User Property takes beside that. */
export function keptPropertiesBytes(properties: Properties | undefined): number {
  const userProperties = properties?.userProperties?.length ?? 0;
  return propertiesSizeBytes(properties) + userProperties * USER_PROPERTY_OVERHEAD_BYTES;
}
