/**
 * Reads and writes a PUBLISH without decoding it. A bridge changes its topic, its flags and one User Property, and copies the rest. The
 * copied parts were encoded by a broker that has checked them, ours or the remote one; a packet whose structure cannot be followed is
 * malformed.
 *
 * @module
 */
import { BRIDGE_HOPS } from "../broker/mod.ts";
import { MqttError, type NameCache, ReasonCode } from "../codec/mod.ts";
import type { Output } from "./output.ts";

const HOPS_BYTES = new TextEncoder().encode(BRIDGE_HOPS);

/** The size of a property's value by its identifier: a number of bytes, or a kind of encoding. */
const PROPERTY_SIZES: Readonly<Record<number, number | "text" | "pair" | "varint">> = {
  0x01: 1,
  0x02: 4,
  0x03: "text",
  0x08: "text",
  0x09: "text",
  0x0b: "varint",
  0x23: 2,
  0x26: "pair",
};
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/** The positions of the parts of one PUBLISH. The object is reused for the next. */
export class PublishView {
  /** The packet is in `bytes[start, end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  /** 0 to 2. */
  qos = 0;
  /** The flag in the packet. */
  retain = false;
  /** The flag in the packet. */
  dup = false;
  /** 0 for QoS 0. */
  packetId = 0;
  /** The Topic Name in the packet. */
  topicName = "";
  /** The brokers that the message has passed; `""` without the property. */
  hops = "";
  /** Payload bytes. */
  payloadBytes = 0;
  #payloadAt = 0;
  #end = 0;
  /** The properties to copy, as pairs of offsets. */
  readonly #kept: number[] = [];
  #keptBytes = 0;

  /** Finds the parts of the complete packet in [start, end). */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    hasProperties: boolean,
    names: NameCache,
  ): void {
    const first = bytes[start]!;
    this.bytes = bytes;
    this.qos = first >> 1 & 3;
    this.retain = (first & 1) !== 0;
    this.dup = (first & 8) !== 0;
    let at = start + 1;
    while (bytes[at]! >= 0x80) at++;
    at++;
    const topicEnd = at + 2 + uint16(bytes, at);
    if (topicEnd > end) throw malformed("its topic is longer than the packet");
    this.topicName = names.text(bytes, at + 2, topicEnd);
    at = topicEnd;
    this.packetId = 0;
    if (this.qos > 0) {
      this.packetId = uint16(bytes, at);
      at += 2;
    }
    this.hops = "";
    this.#kept.length = 0;
    this.#keptBytes = 0;
    if (hasProperties) at = this.#readProperties(at, end, names);
    if (at > end) throw malformed("it ends in the middle");
    this.#payloadAt = at;
    this.#end = end;
    this.payloadBytes = end - at;
  }

  /** Writes the packet with another topic and other flags; `added` are encoded properties. Returns the number of bytes. */
  write(
    output: Output,
    firstByte: number,
    topic: Uint8Array,
    withProperties: boolean,
    added: Uint8Array,
  ): number {
    const hasId = (firstByte & 6) !== 0;
    const propertyBytes = this.#keptBytes + added.length;
    const bodyBytes = this.#bodySize(hasId, topic.length, withProperties, added.length);
    const sizeBytes = 1 + varintSize(bodyBytes) + bodyBytes;
    let at = output.reserve(sizeBytes);
    const { bytes } = output;
    bytes[at++] = firstByte;
    at = writeVarint(bytes, at, bodyBytes);
    bytes[at++] = topic.length >> 8;
    bytes[at++] = topic.length;
    bytes.set(topic, at);
    at += topic.length;
    if (hasId) {
      bytes[at++] = this.packetId >> 8;
      bytes[at++] = this.packetId;
    }
    if (withProperties) at = this.#writeProperties(bytes, at, propertyBytes, added);
    copy(this.bytes, this.#payloadAt, this.#end, bytes, at);
    return sizeBytes;
  }

  /** How many bytes `write` would write. */
  sizeBytes(
    firstByte: number,
    topicBytes: number,
    withProperties: boolean,
    addedBytes: number,
  ): number {
    const hasId = (firstByte & 6) !== 0;
    const bodyBytes = this.#bodySize(hasId, topicBytes, withProperties, addedBytes);
    return 1 + varintSize(bodyBytes) + bodyBytes;
  }

  #bodySize(
    hasId: boolean,
    topicBytes: number,
    withProperties: boolean,
    addedBytes: number,
  ): number {
    const propertyBytes = this.#keptBytes + addedBytes;
    return 2 + topicBytes + (hasId ? 2 : 0) + this.payloadBytes +
      (withProperties ? varintSize(propertyBytes) + propertyBytes : 0);
  }

  #writeProperties(
    bytes: Uint8Array,
    offset: number,
    propertyBytes: number,
    added: Uint8Array,
  ): number {
    let at = writeVarint(bytes, offset, propertyBytes);
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i += 2) {
      copy(this.bytes, kept[i]!, kept[i + 1]!, bytes, at);
      at += kept[i + 1]! - kept[i]!;
    }
    if (added.length > 0) bytes.set(added, at);
    return at + added.length;
  }

  #readProperties(offset: number, packetEnd: number, names: NameCache): number {
    const { bytes } = this;
    let at = offset;
    const size = readVarint(bytes, at);
    at += varintSize(size);
    const end = at + size;
    if (end > packetEnd) throw malformed("its properties are longer than the packet");
    while (at < end) {
      const next = propertyEnd(bytes, at);
      if (next > end) throw malformed("a property is longer than the properties");
      const id = bytes[at]!;
      if (id === USER_PROPERTY && this.#isHops(at, next)) {
        this.hops = names.text(bytes, at + 5 + HOPS_BYTES.length, next);
      } else if (id !== SUBSCRIPTION_IDENTIFIER && id !== TOPIC_ALIAS) {
        this.#kept.push(at, next);
        this.#keptBytes += next - at;
      }
      at = next;
    }
    return end;
  }

  #isHops(at: number, end: number): boolean {
    const { bytes } = this;
    const { length } = HOPS_BYTES;
    if (uint16(bytes, at + 1) !== length || at + 5 + length > end) return false;
    for (let i = 0; i < length; i++) if (bytes[at + 3 + i] !== HOPS_BYTES[i]) return false;
    return true;
  }
}

/** The end of the property that begins at `at`. */
function propertyEnd(bytes: Uint8Array, at: number): number {
  const size = PROPERTY_SIZES[bytes[at]!];
  switch (size) {
    case undefined:
      throw malformed(`it has no property ${bytes[at]}`);
    case "varint":
      return at + 1 + varintSize(readVarint(bytes, at + 1));
    case "text":
      return at + 3 + uint16(bytes, at + 1);
    case "pair": {
      const middle = at + 3 + uint16(bytes, at + 1);
      return middle + 2 + uint16(bytes, middle);
    }
    default:
      return at + 1 + size;
  }
}

/** Copies bytes; for few bytes a loop costs less than `set` with a view. */
function copy(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > 64) return target.set(source.subarray(start, end), at);
  for (let i = start; i < end; i++) target[at++] = source[i]!;
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function readVarint(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i]!;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  throw malformed("a length has more than four bytes");
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  for (; value >= 0x80; value >>>= 7) bytes[at++] = value & 0x7f | 0x80;
  bytes[at] = value;
  return at + 1;
}

function malformed(why: string): MqttError {
  return new MqttError(ReasonCode.MalformedPacket, `Cannot pass on a PUBLISH: ${why}`);
}
