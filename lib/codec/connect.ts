import { EncodeError, malformed, MqttError } from "./error.ts";
import type { Connect, Properties, ProtocolVersion, Qos, Will } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { requireQos, type Sink } from "./sink.ts";

const RESERVED = 0x01;
const CLEAN_START = 0x02;
const WILL = 0x04;
const WILL_QOS_SHIFT = 3;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** The bit of the Protocol Level by which mosquitto marks a bridge. No version of the specification has it. */
const BRIDGE = 0x80;

/** Reads the body of a CONNECT, which contains the version. */
export function decodeConnect(reader: Reader): Connect {
  const { protocolVersion, isBridge } = decodeLevel(reader);
  const flags = reader.byte();
  requireFlags(flags, protocolVersion);
  const keepAliveSeconds = reader.uint16();
  const properties = protocolVersion === 5 ? decodeProperties(reader, "connect") : undefined;
  // [MQTT-3.1.3-1] [v3 MQTT-3.1.3-1]: the order of the payload
  const clientId = reader.text();
  const will = (flags & WILL) === 0 ? undefined : decodeWill(reader, flags, protocolVersion);
  const userName = has(USER_NAME, flags, protocolVersion, reader) ? reader.text() : undefined;
  const password = has(PASSWORD, flags, protocolVersion, reader) ? reader.binary() : undefined;
  reader.finish();
  return {
    type: "connect",
    protocolVersion,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAliveSeconds,
    clientId,
    ...(will && { will }),
    ...(userName !== undefined && { userName }),
    ...(password && { password }),
    ...(properties && { properties }),
    ...(isBridge && { isBridge }),
  };
}

/** Writes the body of a CONNECT in the version that it names. */
export function encodeConnect(packet: Connect, sink: Sink): void {
  const { protocolVersion, will, userName, password } = packet;
  if (protocolVersion < 5 && userName === undefined && password !== undefined) {
    throw new EncodeError(
      "password",
      "Cannot encode a password without userName before MQTT 5.0",
    );
  }
  if (packet.isBridge === true && protocolVersion === 5) {
    throw new EncodeError("isBridge", "Cannot encode isBridge in MQTT 5.0: it has no such level");
  }
  if (will !== undefined) requireQos(will.qos, "will.qos");
  sink.text(protocolVersion === 3 ? "MQIsdp" : "MQTT", "protocolVersion");
  sink.byte(protocolVersion | (packet.isBridge === true ? BRIDGE : 0), "protocolVersion");
  sink.byte(flagsOf(packet), "flags");
  sink.uint16(packet.keepAliveSeconds, "keepAliveSeconds");
  if (protocolVersion === 5) encodeProperties(packet.properties, "connect", sink);
  sink.text(packet.clientId, "clientId");
  if (will !== undefined) {
    if (protocolVersion === 5) encodeProperties(will.properties, "will", sink);
    sink.text(will.topicName, "will.topicName");
    sink.binary(will.payload, "will.payload");
  }
  if (userName !== undefined) sink.text(userName, "userName");
  if (password !== undefined) sink.binary(password, "password");
}

/** 3.1 is `MQIsdp` 3; 3.1.1 and 5.0 are `MQTT` 4 and 5; anything else is not supported. Before 5.0 the level may have the bit of a bridge. */
function decodeLevel(
  reader: Reader,
): { readonly protocolVersion: ProtocolVersion; readonly isBridge: boolean } {
  const name = reader.text(); // [MQTT-3.1.2-1] [v3 MQTT-3.1.2-1]
  const level = reader.byte(); // [MQTT-3.1.2-2] [v3 MQTT-3.1.2-2]
  const isBridge = level === (BRIDGE | 3) || level === (BRIDGE | 4);
  const version = isBridge ? level ^ BRIDGE : level;
  const isKnown = name === "MQTT"
    ? version === 4 || version === 5
    : name === "MQIsdp" && version === 3;
  if (isKnown) return { protocolVersion: version as ProtocolVersion, isBridge };
  throw new MqttError(
    ReasonCode.UnsupportedProtocolVersion,
    `Cannot speak level ${level} of the protocol ${JSON.stringify(name.slice(0, 16))}`,
  );
}

function requireFlags(flags: number, version: ProtocolVersion): void {
  const hasWill = (flags & WILL) !== 0;
  // 3.1 does not use the last flag, and disregards QoS and RETAIN of a will that is not there.
  const isOld = version === 3;
  if (!isOld && (flags & RESERVED) !== 0) { // [MQTT-3.1.2-3] [v3 MQTT-3.1.2-3]
    throw malformed("Cannot read CONNECT: its reserved flag is set");
  }
  const willQos = flags >> WILL_QOS_SHIFT & 3;
  if (hasWill && willQos === 3) { // [MQTT-3.1.2-12] [v3 MQTT-3.1.2-14]
    throw malformed("Cannot read CONNECT: QoS of its will is 3");
  }
  if (!isOld && !hasWill && (willQos !== 0 || (flags & WILL_RETAIN) !== 0)) {
    // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [v3 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-15]
    throw malformed("Cannot read CONNECT: QoS or RETAIN of a will, but no will");
  }
  if (version < 5 && (flags & (USER_NAME | PASSWORD)) === PASSWORD) { // [v3 MQTT-3.1.2-22]
    throw malformed("Cannot read CONNECT: a password without user name");
  }
}

function decodeWill(reader: Reader, flags: number, version: ProtocolVersion): Will {
  const properties: Properties | undefined = version === 5
    ? decodeProperties(reader, "will")
    : undefined;
  return {
    topicName: reader.text(), // [MQTT-3.1.3-11] [v3 MQTT-3.1.3-10]
    payload: reader.binary(),
    qos: (flags >> WILL_QOS_SHIFT & 3) as Qos,
    retain: (flags & WILL_RETAIN) !== 0,
    ...(properties && { properties }),
  };
}

/** In 3.1 a packet may end before the user name or password that its flags announce. */
function has(flag: number, flags: number, version: ProtocolVersion, reader: Reader): boolean {
  return (flags & flag) !== 0 && !(version === 3 && reader.isAtEnd);
}

function flagsOf({ cleanStart, will, userName, password }: Connect): number {
  let flags = cleanStart ? CLEAN_START : 0;
  if (will !== undefined) {
    flags |= WILL | will.qos << WILL_QOS_SHIFT | (will.retain ? WILL_RETAIN : 0);
  }
  if (userName !== undefined) flags |= USER_NAME;
  if (password !== undefined) flags |= PASSWORD;
  return flags;
}
