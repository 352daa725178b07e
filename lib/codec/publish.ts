import { EncodeError, malformed, type MqttError } from "./error.ts";
import {
  bodyStart,
  FirstByte,
  requireRemainingLength,
  sizeWithHeader,
  writeVarint,
} from "./frame.ts";
import type { NameCache } from "./name_cache.ts";
import type { Properties, ProtocolVersion, Publish, Qos } from "./packet.ts";
import {
  decodeProperties,
  encodePropertiesInto,
  encodeWithShared,
  propertiesSize,
  sizeWithShared,
} from "./properties.ts";
import { Reader, zeroPacketId } from "./reader.ts";
import { requireFieldSize, requirePacketId, requireQos } from "./sink.ts";
import { decodeText, textSize, writeText } from "./text.ts";

/**
 * The PUBLISH in [start, end), exactly one packet. Its payload is a view of `bytes`; its Topic Name is taken from
 * `names` where it is known there. A broker reads this packet most often, so only one object and one view are allocated.
 */
export function decodePublish(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
  names?: NameCache,
): Publish {
  const first = bytes[start]!;
  const qos = first >> 1 & 3;
  const dup = (first & 8) !== 0;
  if (qos === 3) throw malformed("Cannot read PUBLISH: QoS is 3"); // [MQTT-3.3.1-4] [v3 MQTT-3.3.1-4]
  if (dup && qos === 0) throw malformed("Cannot read PUBLISH: DUP with QoS 0"); // [MQTT-3.3.1-2] [v3 MQTT-3.3.1-2]
  let at = bodyStart(bytes, start, end);
  const nameEnd = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
  if (nameEnd > end) throw tooShort(end - at); // Or the two bytes of the length are missing.
  // [MQTT-3.3.2-1] [v3 MQTT-3.3.2-1]
  const topicName = names === undefined
    ? decodeText(bytes, at + 2, nameEnd)
    : names.text(bytes, at + 2, nameEnd);
  at = nameEnd;
  let packetId = 0;
  if (qos !== 0) { // [MQTT-2.2.1-2] [v3 MQTT-2.3.1-5]
    if (at + 2 > end) throw tooShort(end - at);
    packetId = bytes[at]! << 8 | bytes[at + 1]!;
    if (packetId === 0) throw zeroPacketId(); // [MQTT-2.2.1-3] [v3 MQTT-2.3.1-1]
    at += 2;
  }
  let properties: Properties | undefined;
  if (version === 5) {
    if (at < end && bytes[at] === 0) {
      at++;
    } else {
      const reader = new Reader(bytes, at, end);
      properties = decodeProperties(reader, "publish");
      at = reader.at;
    }
  }
  return {
    type: "publish",
    topicName,
    payload: bytes.subarray(at, end),
    qos: qos as Qos,
    retain: (first & 1) !== 0,
    dup,
    packetId,
    properties,
  };
}

/**
 * Where the Topic Name begins in the PUBLISH in [start, end), if a receiver of the same version may get the packet as it is, except for
 * its Packet Identifier: the packet has a name and no properties, and its Remaining Length takes no more bytes than it needs. Else 0.
 * `idBytes` are 2 for QoS 1 and 2.
 */
export function plainTopicNameAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  isV5: boolean,
  idBytes: 0 | 2 = 0,
): number {
  let at = start + 1;
  while (bytes[at]! > 0x7f) at++;
  if (bytes[at] === 0) return 0;
  at++;
  const size = bytes[at]! << 8 | bytes[at + 1]!;
  const headEnd = at + 2 + size + idBytes;
  if (size === 0 || headEnd + (isV5 ? 1 : 0) > end || isV5 && bytes[headEnd] !== 0) return 0;
  return at + 2;
}

/**
 * The PUBLISH that a message is kept as, outside of an exchange: with these properties, and where its QoS needs one a Packet Identifier that
 * means nothing.
 * @internal
 */
export function publishOf(
  { topicName, payload, qos, retain }: Pick<Publish, "topicName" | "payload" | "qos" | "retain">,
  properties: Properties | undefined,
): Publish {
  const packetId = qos > 0 ? 1 : 0;
  return { type: "publish", topicName, payload, qos, retain, dup: false, packetId, properties };
}

/**
 * Bytes of the whole packet. `topicNameBytes` is the Topic Name, where it is encoded already; `shared` are properties that are
 * encoded already, and are written after the packet's own. Throws as {@linkcode encodePublishInto} does.
 */
export function publishSize(
  packet: Publish,
  version: ProtocolVersion,
  topicNameBytes?: Uint8Array,
  shared?: Uint8Array,
): number {
  return sizeWithHeader(bodySize(packet, version, topicNameBytes, shared));
}

/**
 * Writes the packet at `offset`, where {@linkcode publishSize} bytes have room; returns the offset behind it. Before 5.0 the
 * properties are left out. Throws `EncodeError` where a field cannot be encoded; nothing is written then.
 */
export function encodePublishInto(
  packet: Publish,
  version: ProtocolVersion,
  target: Uint8Array,
  offset: number,
  topicNameBytes?: Uint8Array,
  shared?: Uint8Array,
): number {
  const { qos, packetId, payload, properties } = packet;
  const size = bodySize(packet, version, topicNameBytes, shared);
  requireRemainingLength(size);
  if (qos !== 0) requirePacketId(packetId);
  requireQos(qos);
  if (qos === 0 && packet.dup) {
    throw new EncodeError("dup", "Cannot encode PUBLISH: DUP with QoS 0");
  }
  target[offset] = FirstByte.Publish | (packet.dup ? 8 : 0) | qos << 1 | (packet.retain ? 1 : 0);
  let at = writeVarint(size, target, offset + 1);
  if (topicNameBytes === undefined) {
    at = writeText(packet.topicName, textSize(packet.topicName, "topicName"), target, at);
  } else {
    target[at] = topicNameBytes.length >> 8;
    target[at + 1] = topicNameBytes.length & 0xff;
    target.set(topicNameBytes, at + 2);
    at += 2 + topicNameBytes.length;
  }
  if (qos !== 0) {
    target[at] = packetId >> 8;
    target[at + 1] = packetId & 0xff;
    at += 2;
  }
  if (version === 5) {
    if (shared !== undefined) at = encodeWithShared(properties, shared, target, at);
    else if (properties === undefined) target[at++] = 0;
    else at = encodePropertiesInto(properties, "publish", target, at);
  }
  target.set(payload, at);
  return at + payload.length;
}

function bodySize(
  packet: Publish,
  version: ProtocolVersion,
  topicNameBytes: Uint8Array | undefined,
  shared: Uint8Array | undefined,
): number {
  if (topicNameBytes !== undefined) requireFieldSize(topicNameBytes, "topicName");
  // The common case, a known Topic Name and no properties, is short enough for V8 to inline it.
  return 2 +
    (topicNameBytes === undefined
      ? textSize(packet.topicName, "topicName")
      : topicNameBytes.length) +
    (packet.qos === 0 ? 0 : 2) +
    (version < 5
      ? 0
      : packet.properties === undefined && shared === undefined
      ? 1
      : ownPropertiesSize(packet.properties, shared)) +
    packet.payload.length;
}

function ownPropertiesSize(
  properties: Properties | undefined,
  shared: Uint8Array | undefined,
): number {
  return shared === undefined
    ? propertiesSize(properties, "publish")
    : sizeWithShared(properties, shared);
}

function tooShort(left: number): MqttError {
  return malformed(`Cannot read PUBLISH: its fields reach beyond the ${left} bytes left`);
}
