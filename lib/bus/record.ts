import type { Properties, Qos, UserProperty } from "../codec/mod.ts";
import type { Message, MessageInit } from "../broker/mod.ts";
import type { BusMessage } from "./bus.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** The records in the data frames of a stream. Their order is kept. */
export type BusRecord =
  /** Worker to bridge: route this. */
  | { readonly type: "publish"; readonly message: MessageInit }
  /** Bridge to Worker: this matched the filter announced under the id. */
  | { readonly type: "deliver"; readonly filterId: number; readonly message: BusMessage }
  /** Worker to bridge: it subscribes to a Topic Filter. */
  | { readonly type: "subscribe"; readonly filterId: number; readonly topicFilter: string }
  /** Worker to bridge: it unsubscribes. */
  | { readonly type: "unsubscribe"; readonly filterId: number }
  /** Bridge to Worker: messages are missing at this place, because the Worker was too slow and its buffer was full. */
  | { readonly type: "lost"; readonly messages: number };

const PUBLISH = 1;
const DELIVER = 2;
const SUBSCRIBE = 3;
const UNSUBSCRIBE = 4;
const LOST = 5;

// The byte of flags of a message: its QoS in the lowest two bits, then these.
const QOS = 0x03;
const RETAIN = 0x04;
const HAS_EXPIRY = 0x08;
const HAS_PROPERTIES = 0x10;

// Properties that are passed on, each after its mark; 0 ends them.
const PAYLOAD_FORMAT = 1;
const CONTENT_TYPE = 2;
const RESPONSE_TOPIC = 3;
const CORRELATION_DATA = 4;
const USER_PROPERTY = 5;

/** Writes a `publish` record; throws `RangeError` where a text has more than 65,535 bytes, as `deliver` and `subscribe` do. */
export function encodePublish(writer: ByteWriter, message: MessageInit): void {
  writer.u8(PUBLISH);
  const expirySeconds = message.messageExpiryIntervalSeconds;
  encodeMessage(writer, message, expirySeconds === undefined ? 0 : HAS_EXPIRY);
  if (expirySeconds !== undefined) writer.u32(expirySeconds);
}

/** Writes a `deliver` record: the message without its expiry, which the broker applies. */
export function encodeDeliver(writer: ByteWriter, filterId: number, message: Message): void {
  writer.u8(DELIVER);
  writer.u32(filterId);
  writer.text(message.publisherId);
  encodeMessage(writer, message, 0);
}

/** Writes a `subscribe` record; `filterId` is the Worker's own number for the filter. */
export function encodeSubscribe(writer: ByteWriter, filterId: number, topicFilter: string): void {
  writer.u8(SUBSCRIBE);
  writer.u32(filterId);
  writer.text(topicFilter);
}

/** Writes an `unsubscribe` record. */
export function encodeUnsubscribe(writer: ByteWriter, filterId: number): void {
  writer.u8(UNSUBSCRIBE);
  writer.u32(filterId);
}

/** Writes a `lost` record: so many messages are missing at its place. */
export function encodeLost(writer: ByteWriter, messages: number): void {
  writer.u8(LOST);
  writer.u32(messages);
}

/** Reads the next record; throws `RangeError` where the bytes are no record, which is a fault of ours. */
export function decodeRecord(reader: ByteReader): BusRecord {
  const type = reader.u8();
  switch (type) {
    case PUBLISH: {
      const { flags, ...message } = decodeMessage(reader);
      if ((flags & HAS_EXPIRY) === 0) return { type: "publish", message };
      const messageExpiryIntervalSeconds = reader.u32();
      return { type: "publish", message: { ...message, messageExpiryIntervalSeconds } };
    }
    case DELIVER: {
      const filterId = reader.u32();
      const publisherId = reader.text();
      const { flags: _, properties, ...message } = decodeMessage(reader);
      return { type: "deliver", filterId, message: { ...message, properties, publisherId } };
    }
    case SUBSCRIBE:
      return { type: "subscribe", filterId: reader.u32(), topicFilter: reader.text() };
    case UNSUBSCRIBE:
      return { type: "unsubscribe", filterId: reader.u32() };
    case LOST:
      return { type: "lost", messages: reader.u32() };
    default:
      throw new RangeError(`Cannot read a record of type ${type}`);
  }
}

/** The fields that `publish` and `deliver` have in common. */
function encodeMessage(
  writer: ByteWriter,
  message: MessageInit | Message,
  moreFlags: number,
): void {
  const { properties } = message;
  writer.u8(
    moreFlags | (message.qos ?? 0) | (message.retain ? RETAIN : 0) |
      (properties ? HAS_PROPERTIES : 0),
  );
  writer.text(message.topicName);
  writer.blob(message.payload);
  if (properties) encodeProperties(writer, properties);
}

interface DecodedMessage {
  readonly flags: number;
  readonly topicName: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: Properties;
}

function decodeMessage(reader: ByteReader): DecodedMessage {
  const flags = reader.u8();
  const topicName = reader.text();
  const payload = reader.blob();
  const qos = (flags & QOS) as Qos;
  const retain = (flags & RETAIN) !== 0;
  const message = { flags, topicName, payload, qos, retain };
  if ((flags & HAS_PROPERTIES) === 0) return message;
  return { ...message, properties: decodeProperties(reader) };
}

function encodeProperties(writer: ByteWriter, properties: Properties): void {
  if (properties.payloadFormatIndicator !== undefined) {
    writer.u8(PAYLOAD_FORMAT);
    writer.u8(properties.payloadFormatIndicator);
  }
  if (properties.contentType !== undefined) {
    writer.u8(CONTENT_TYPE);
    writer.text(properties.contentType);
  }
  if (properties.responseTopic !== undefined) {
    writer.u8(RESPONSE_TOPIC);
    writer.text(properties.responseTopic);
  }
  if (properties.correlationData !== undefined) {
    writer.u8(CORRELATION_DATA);
    writer.blob(properties.correlationData);
  }
  for (const [name, value] of properties.userProperties ?? []) {
    writer.u8(USER_PROPERTY);
    writer.text(name);
    writer.text(value);
  }
  writer.u8(0);
}

function decodeProperties(reader: ByteReader): Properties {
  const properties: { -readonly [Name in keyof Properties]: Properties[Name] } = {};
  const userProperties: UserProperty[] = [];
  for (;;) {
    const mark = reader.u8();
    switch (mark) {
      case 0:
        if (userProperties.length > 0) properties.userProperties = userProperties;
        return properties;
      case PAYLOAD_FORMAT:
        properties.payloadFormatIndicator = reader.u8() === 0 ? 0 : 1;
        break;
      case CONTENT_TYPE:
        properties.contentType = reader.text();
        break;
      case RESPONSE_TOPIC:
        properties.responseTopic = reader.text();
        break;
      case CORRELATION_DATA:
        properties.correlationData = reader.blob();
        break;
      case USER_PROPERTY:
        userProperties.push([reader.text(), reader.text()]);
        break;
      default:
        throw new RangeError(`Cannot read a property marked ${mark}`);
    }
  }
}
