import { EncodeError, malformed, MqttError, protocolError } from "./error.ts";
import { requireRemainingLength, varintSize } from "./frame.ts";
import type { Packet, Properties, UserProperty } from "./packet.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { Meter, type Sink, Writer } from "./sink.ts";
import { utf8SizeBytes } from "./text.ts";

/** What carries properties: a packet, or the Will inside a CONNECT, which has properties of its own. */
export type Carrier = Exclude<Packet["type"], "pingreq" | "pingresp"> | "will";

type Kind = "byte" | "boolean" | "uint16" | "uint32" | "varint" | "text" | "binary" | "pair";

/** One property of section 2.2.2.2. */
export interface PropertyRow {
  readonly id: number;
  readonly key: keyof Properties;
  readonly kind: Kind;
  readonly carriers: readonly Carrier[];
  /** Carriers on which it may stand several times: its value is then a list. */
  readonly repeatable?: readonly Carrier[];
  /** Limits of an integer, where they are narrower than its kind. */
  readonly min?: number;
  readonly max?: number;
  /** The Reason Code for a value outside the limits; Protocol Error by default. */
  readonly reasonCode?: ReasonCode;
}

const MESSAGE: readonly Carrier[] = ["publish", "will"];
const AUTHENTICATING: readonly Carrier[] = ["connect", "connack", "auth"];
const BOTH_CONNECTS: readonly Carrier[] = ["connect", "connack"];
// deno-fmt-ignore
const ANSWERS: readonly Carrier[] = [
  "connack", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback", "disconnect", "auth",
];
const ALL: readonly Carrier[] = [
  ...ANSWERS,
  "connect",
  "will",
  "publish",
  "subscribe",
  "unsubscribe",
];

/** The one table by which properties are read, written and checked. */
// deno-fmt-ignore
export const PROPERTY_TABLE: readonly PropertyRow[] = [
  { id: 0x01, key: "payloadFormatIndicator", kind: "byte", carriers: MESSAGE, max: 1 },
  { id: 0x02, key: "messageExpiryInterval", kind: "uint32", carriers: MESSAGE },
  { id: 0x03, key: "contentType", kind: "text", carriers: MESSAGE },
  { id: 0x08, key: "responseTopic", kind: "text", carriers: MESSAGE },
  { id: 0x09, key: "correlationData", kind: "binary", carriers: MESSAGE },
  { id: 0x0b, key: "subscriptionIdentifiers", kind: "varint", carriers: ["publish", "subscribe"], repeatable: ["publish"], min: 1 },
  { id: 0x11, key: "sessionExpiryInterval", kind: "uint32", carriers: ["connect", "connack", "disconnect"] },
  { id: 0x12, key: "assignedClientIdentifier", kind: "text", carriers: ["connack"] },
  { id: 0x13, key: "serverKeepAlive", kind: "uint16", carriers: ["connack"] },
  { id: 0x15, key: "authenticationMethod", kind: "text", carriers: AUTHENTICATING },
  { id: 0x16, key: "authenticationData", kind: "binary", carriers: AUTHENTICATING },
  { id: 0x17, key: "requestProblemInformation", kind: "boolean", carriers: ["connect"], max: 1 },
  { id: 0x18, key: "willDelayInterval", kind: "uint32", carriers: ["will"] },
  { id: 0x19, key: "requestResponseInformation", kind: "boolean", carriers: ["connect"], max: 1 },
  { id: 0x1a, key: "responseInformation", kind: "text", carriers: ["connack"] },
  { id: 0x1c, key: "serverReference", kind: "text", carriers: ["connack", "disconnect"] },
  { id: 0x1f, key: "reasonString", kind: "text", carriers: ANSWERS },
  { id: 0x21, key: "receiveMaximum", kind: "uint16", carriers: BOTH_CONNECTS, min: 1 },
  { id: 0x22, key: "topicAliasMaximum", kind: "uint16", carriers: BOTH_CONNECTS },
  // [MQTT-3.3.2-8]
  { id: 0x23, key: "topicAlias", kind: "uint16", carriers: ["publish"], min: 1, reasonCode: ReasonCode.TopicAliasInvalid },
  { id: 0x24, key: "maximumQos", kind: "byte", carriers: ["connack"], max: 1 },
  { id: 0x25, key: "retainAvailable", kind: "boolean", carriers: ["connack"], max: 1 },
  { id: 0x26, key: "userProperties", kind: "pair", carriers: ALL, repeatable: ALL },
  { id: 0x27, key: "maximumPacketSize", kind: "uint32", carriers: BOTH_CONNECTS, min: 1 },
  { id: 0x28, key: "wildcardSubscriptionAvailable", kind: "boolean", carriers: ["connack"], max: 1 },
  { id: 0x29, key: "subscriptionIdentifierAvailable", kind: "boolean", carriers: ["connack"], max: 1 },
  { id: 0x2a, key: "sharedSubscriptionAvailable", kind: "boolean", carriers: ["connack"], max: 1 },
];

const BY_ID: ReadonlyMap<number, PropertyRow> = new Map(PROPERTY_TABLE.map((row) => [row.id, row]));
const BY_KEY: ReadonlyMap<string, PropertyRow> = new Map(
  PROPERTY_TABLE.map((row) => [row.key, row]),
);

type Scalar = number | boolean | string | Uint8Array | UserProperty;

/**
 * The most User Properties of one packet. Each costs as much time as a small packet: a packet of two megabytes could hold four hundred
 * thousand, and took a second, in which no other client was served.
 */
const MAX_USER_PROPERTIES = 10_000;

/**
 * Reads the Property Length and the properties; `undefined` where there are none. An identifier that is unknown or not this
 * carrier's is malformed; one that stands twice, or a value outside its limits, is a Protocol Error; more than 10,000 User Properties
 * are refused.
 */
export function decodeProperties(reader: Reader, carrier: Carrier): Properties | undefined {
  const size = reader.varint();
  if (size === 0) return undefined;
  const packetEnd = reader.end;
  if (reader.at + size > packetEnd) {
    throw malformed(
      `Cannot read ${size} bytes of properties: packet has ${packetEnd - reader.at} left`,
    );
  }
  reader.end = reader.at + size;
  const properties: Record<string, Scalar | Scalar[]> = {};
  let pairs = 0;
  while (!reader.isAtEnd) {
    const id = reader.varint();
    const row = BY_ID.get(id);
    if (row === undefined || !row.carriers.includes(carrier)) {
      throw malformed(`Cannot read property ${id}: ${carrier} has no such property`);
    }
    const value = decodeValue(reader, row);
    if (row.kind === "pair" && ++pairs > MAX_USER_PROPERTIES) {
      throw new MqttError(
        ReasonCode.QuotaExceeded,
        `Cannot accept more than ${MAX_USER_PROPERTIES} User Properties in one ${carrier}`,
      );
    }
    const before = properties[row.key];
    if (before === undefined) {
      properties[row.key] = row.key === "subscriptionIdentifiers" || row.kind === "pair"
        ? [value]
        : value;
    } else if (row.repeatable?.includes(carrier)) {
      (before as Scalar[]).push(value);
    } else {
      throw protocolError(`Cannot accept ${row.key} twice in one ${carrier}`);
    }
  }
  reader.end = packetEnd;
  // Authentication Data without an Authentication Method is a Protocol Error wherever it stands (section 3.1.2.11.10).
  if (
    properties.authenticationData !== undefined && properties.authenticationMethod === undefined
  ) throw protocolError("Cannot accept authenticationData without authenticationMethod");
  return properties as Properties;
}

/** Writes the Property Length and the properties, in the order of their keys; none are a length of 0. [MQTT-2.2.2-1] */
export function encodeProperties(
  properties: Properties | undefined,
  carrier: Carrier,
  sink: Sink,
): void {
  if (properties === undefined) return sink.byte(0, "properties");
  const meter = new Meter();
  writeProperties(properties, carrier, meter);
  requireRemainingLength(meter.size, "properties");
  sink.varint(meter.size, "properties");
  writeProperties(properties, carrier, sink);
}

/** Bytes of Property Length and properties; throws `EncodeError` on what the carrier cannot have. */
export function propertiesSize(properties: Properties | undefined, carrier: Carrier): number {
  if (properties === undefined) return 1;
  const meter = new Meter();
  encodeProperties(properties, carrier, meter);
  return meter.size;
}

/**
 * Bytes that the properties take in a packet, without their length before them; 0 where there are none. It is for
 * those who count what they keep: it does not check the values, so it never throws.
 */
export function propertiesSizeBytes(properties: Properties | undefined): number {
  if (properties === undefined) return 0;
  let sizeBytes = 0;
  for (const key in properties) {
    const value = properties[key as keyof Properties];
    const row = BY_KEY.get(key);
    if (value === undefined || row === undefined) continue;
    if (!Array.isArray(value)) sizeBytes += valueSizeBytes(value as Scalar, row);
    else for (const one of value as readonly Scalar[]) sizeBytes += valueSizeBytes(one, row);
  }
  return sizeBytes;
}

/** The properties without their length before them, to be written into many packets. Throws `EncodeError`. */
export function encodePublishProperties(properties: Properties): Uint8Array {
  const bytes = new Uint8Array(propertiesSizeBytes(properties));
  writeProperties(properties, "publish", new Writer(bytes, 0));
  return bytes;
}

/** As {@linkcode encodePropertiesInto}, for properties of which some are encoded already: these are written after the others. */
export function encodeWithShared(
  properties: Properties | undefined,
  shared: Uint8Array,
  target: Uint8Array,
  offset: number,
): number {
  const sizeBytes = propertiesSizeBytes(properties) + shared.length;
  requireRemainingLength(sizeBytes, "properties");
  const writer = new Writer(target, offset);
  writer.varint(sizeBytes);
  if (properties !== undefined) writeProperties(properties, "publish", writer);
  target.set(shared, writer.at);
  return writer.at + shared.length;
}

/** Bytes of what {@linkcode encodeWithShared} writes. */
export function sizeWithShared(properties: Properties | undefined, shared: Uint8Array): number {
  const sizeBytes = propertiesSizeBytes(properties) + shared.length;
  return varintSize(sizeBytes) + sizeBytes;
}

/** As {@linkcode encodeProperties}, at `offset`; returns the offset behind. */
export function encodePropertiesInto(
  properties: Properties,
  carrier: Carrier,
  target: Uint8Array,
  offset: number,
): number {
  const writer = new Writer(target, offset);
  encodeProperties(properties, carrier, writer);
  return writer.at;
}

function decodeValue(reader: Reader, row: PropertyRow): Scalar {
  switch (row.kind) {
    case "text":
      return reader.text();
    case "binary":
      return reader.binary();
    case "pair": // [MQTT-1.5.7-1]
      return [reader.text(), reader.text()];
    case "boolean":
      return limited(reader.byte(), row) === 1;
    default:
      return limited(reader[row.kind](), row);
  }
}

function limited(value: number, row: PropertyRow): number {
  if (isWithinLimits(value, row)) return value;
  throw new MqttError(
    row.reasonCode ?? ReasonCode.ProtocolError,
    `Cannot accept ${row.key} of ${value}`,
  );
}

function isWithinLimits(value: number, row: PropertyRow): boolean {
  return value >= (row.min ?? 0) && value <= (row.max ?? Infinity);
}

function writeProperties(properties: Properties, carrier: Carrier, sink: Sink): void {
  for (const key in properties) {
    const value = properties[key as keyof Properties];
    if (value === undefined) continue;
    const row = BY_KEY.get(key);
    if (row === undefined || !row.carriers.includes(carrier)) {
      throw new EncodeError(key, `Cannot encode ${key}: ${carrier} has no such property`);
    }
    if (!Array.isArray(value)) {
      writeValue(value as Scalar, row, sink);
      continue;
    }
    if (value.length > 1 && !row.repeatable?.includes(carrier)) {
      throw new EncodeError(
        key,
        `Cannot encode ${value.length} ${key}: ${carrier} has one at most`,
      );
    }
    for (const one of value as readonly Scalar[]) writeValue(one, row, sink);
  }
}

/** With the byte of its identifier. */
function valueSizeBytes(value: Scalar, { kind }: PropertyRow): number {
  switch (kind) {
    case "text":
      return 3 + utf8SizeBytes(value as string);
    case "binary":
      return 3 + (value as Uint8Array).length;
    case "pair":
      return 5 + utf8SizeBytes((value as UserProperty)[0]) +
        utf8SizeBytes((value as UserProperty)[1]);
    case "varint":
      return 1 + varintSize(value as number);
    case "uint32":
      return 5;
    case "uint16":
      return 3;
    default:
      return 2;
  }
}

function writeValue(value: Scalar, row: PropertyRow, sink: Sink): void {
  const { key } = row;
  sink.byte(row.id, key);
  switch (row.kind) {
    case "text":
      return sink.text(value as string, key);
    case "binary":
      return sink.binary(value as Uint8Array, key);
    case "pair":
      sink.text((value as UserProperty)[0], key);
      return sink.text((value as UserProperty)[1], key);
    case "boolean":
      return sink.byte(value === true ? 1 : 0, key);
    default:
      if (!isWithinLimits(value as number, row)) {
        throw new EncodeError(key, `Cannot encode ${key} of ${value}`);
      }
      return sink[row.kind](value as number, key);
  }
}
