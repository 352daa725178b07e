import type {
  Packet,
  Properties,
  ProtocolVersion,
  Qos,
  ReasonCode,
  Will,
} from "../../lib/codec/mod.ts";
import { type Carrier, PROPERTY_TABLE } from "../../lib/codec/properties.ts";
import type { Random } from "../support/random.ts";

const TYPES: readonly Packet["type"][] = [
  "connect",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "pingreq",
  "pingresp",
  "disconnect",
  "auth",
];
const PIECES = ["a", "/", "+", "#", "$SYS", "sensor", "ü", "€", "\u{1f600}", "\ufeff", "\u0001"];

/** Any packet that this version of MQTT can carry, in the form in which a decoder gives it. */
export function randomPacket(random: Random, version: ProtocolVersion): Packet {
  const types = version === 5 ? TYPES : TYPES.filter((type) => type !== "auth");
  return packetOf(random.pick(types), random, version);
}

function packetOf(type: Packet["type"], random: Random, version: ProtocolVersion): Packet {
  const code = (...codes: number[]) => (version === 5 ? random.pick(codes) : 0) as ReasonCode;
  const packetId = 1 + random.int(65_535);
  switch (type) {
    case "connect":
      return randomConnect(random, version);
    case "connack":
      return {
        type,
        sessionPresent: version > 3 && random.bool(),
        reasonCode: version === 5 ? random.pick([0x00, 0x87, 0x9f]) : random.int(6),
        ...optionalProperties(random, version, type),
      };
    case "publish":
      return randomPublish(random, version, packetId);
    case "puback":
    case "pubrec":
      return {
        type,
        packetId,
        reasonCode: code(0x00, 0x10, 0x97),
        ...optionalProperties(random, version, type),
      } as Packet;
    case "pubrel":
    case "pubcomp":
      return {
        type,
        packetId,
        reasonCode: code(0x00, 0x92),
        ...optionalProperties(random, version, type),
      } as Packet;
    case "subscribe":
      return {
        type,
        packetId,
        subscriptions: listOf(random, 1, () => ({
          topicFilter: randomText(random),
          qos: random.int(3) as Qos,
          noLocal: version === 5 && random.bool(),
          retainAsPublished: version === 5 && random.bool(),
          retainHandling: (version === 5 ? random.int(3) : 0) as 0 | 1 | 2,
        })),
        ...optionalProperties(random, version, type),
      };
    case "suback": {
      const codes = version === 5 ? [0, 1, 2, 0x80, 0xa2] : [0, 1, 2, 0x80];
      return {
        type,
        packetId,
        reasonCodes: listOf(random, 0, () => random.pick(codes)),
        ...optionalProperties(random, version, type),
      };
    }
    case "unsubscribe":
      return {
        type,
        packetId,
        topicFilters: listOf(random, 1, () => randomText(random)),
        ...optionalProperties(random, version, type),
      };
    case "unsuback":
      return {
        type,
        packetId,
        reasonCodes: version === 5 ? listOf(random, 0, () => random.pick([0x00, 0x11, 0x8f])) : [],
        ...optionalProperties(random, version, type),
      };
    case "pingreq":
    case "pingresp":
      return { type };
    case "disconnect":
      return {
        type,
        reasonCode: code(0x00, 0x04, 0x8e),
        ...optionalProperties(random, version, type),
      };
    case "auth":
      return {
        type,
        reasonCode: code(0x00, 0x18, 0x19),
        ...optionalProperties(random, version, type),
      };
  }
}

function randomConnect(random: Random, protocolVersion: ProtocolVersion): Packet {
  const will: Will | undefined = random.bool()
    ? {
      topicName: randomText(random),
      payload: random.bytes(random.int(20)),
      qos: random.int(3) as Qos,
      retain: random.bool(),
      ...optionalProperties(random, protocolVersion, "will"),
    }
    : undefined;
  const hasUserName = random.bool();
  const hasPassword = (hasUserName || protocolVersion === 5) && random.bool();
  return {
    type: "connect",
    protocolVersion,
    cleanStart: random.bool(),
    keepAliveSeconds: random.int(65_536),
    clientId: randomText(random),
    ...(will && { will }),
    ...(hasUserName && { userName: randomText(random) }),
    ...(hasPassword && { password: random.bytes(random.int(20)) }),
    ...optionalProperties(random, protocolVersion, "connect"),
  };
}

function randomPublish(random: Random, version: ProtocolVersion, packetId: number): Packet {
  const qos = random.int(3) as Qos;
  return {
    type: "publish",
    topicName: randomText(random),
    payload: random.bytes(random.int(random.pick([1, 10, 200]))),
    qos,
    retain: random.bool(),
    dup: qos > 0 && random.bool(),
    packetId: qos > 0 ? packetId : 0,
    properties: optionalProperties(random, version, "publish").properties,
  };
}

/** Now and then some of the properties that the carrier may have. */
function optionalProperties(
  random: Random,
  version: ProtocolVersion,
  carrier: Carrier,
): { properties?: Properties } {
  if (version < 5 || random.bool()) return {};
  const properties: Record<string, unknown> = {};
  for (const row of PROPERTY_TABLE) {
    if (!row.carriers.includes(carrier) || random.int(3) > 0) continue;
    const one = () => randomValue(random, row.kind, row.min ?? 0, row.max);
    const isList = row.key === "userProperties" || row.key === "subscriptionIdentifiers";
    const most = row.repeatable?.includes(carrier) ? 3 : 1;
    properties[row.key] = isList ? Array.from({ length: 1 + random.int(most) }, one) : one();
  }
  if (properties.authenticationMethod === undefined) delete properties.authenticationData;
  return Object.keys(properties).length === 0 ? {} : { properties };
}

function randomValue(random: Random, kind: string, min: number, max: number | undefined): unknown {
  const integer = (bits: number) => Math.max(min, random.int(Math.min(max ?? Infinity, 2 ** bits)));
  switch (kind) {
    case "byte":
      return random.int((max ?? 255) + 1);
    case "boolean":
      return random.bool();
    case "uint16":
      return integer(16);
    case "uint32":
      return integer(random.pick([8, 32]));
    case "varint":
      return integer(random.pick([7, 14, 21, 28]));
    case "text":
      return randomText(random);
    case "binary":
      return random.bytes(random.int(10));
    default:
      return [randomText(random), randomText(random)];
  }
}

function randomText(random: Random): string {
  const most = random.int(20) === 0 ? 200 : 8;
  let text = "";
  for (let count = random.int(most); count > 0; count--) text += random.pick(PIECES);
  return text;
}

function listOf<T>(random: Random, least: number, one: () => T): T[] {
  return Array.from({ length: least + random.int(4) }, one);
}

/**
 * Damages a packet in one to four places: bits flipped, bytes replaced, put in or taken out, the end cut off. Mostly
 * Remaining Length is mended, so that the damage reaches the decoder behind it.
 */
export function mutate(packet: Uint8Array, random: Random): Uint8Array {
  const bytes = [...packet];
  for (let count = 1 + random.int(4); count > 0; count--) {
    const at = random.int(bytes.length + 1);
    const byte = random.pick([0, 1, 0x7f, 0x80, 0xff, random.int(256)]);
    switch (random.int(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ 1 << random.int(8);
        break;
      case 1:
        bytes[at] = byte;
        break;
      case 2:
        bytes.splice(at, 0, byte);
        break;
      case 3:
        bytes.splice(at, 1 + random.int(4));
        break;
      case 4:
        bytes.length = at;
        break;
    }
  }
  // Short packets have one byte of Remaining Length, the second of all.
  if (random.int(4) > 0 && bytes.length >= 2 && bytes.length < 130) bytes[1] = bytes.length - 2;
  return new Uint8Array(bytes);
}
