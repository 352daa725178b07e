import { strict as assert } from "node:assert";
import {
  decodePacket,
  encodeInto,
  encodePacket,
  encodePublishInto,
  type Packet,
  type Properties,
  type ProtocolVersion,
  publishSize,
} from "../../lib/codec/mod.ts";

/**
 * Every number and every length at its ends: what fits comes back as it was, and what is one beyond is an `EncodeError` that names
 * the field, before a byte is written.
 */
const MAX_TEXT = 65_535;
const VARINT = 268_435_455;

const none = new Uint8Array(0);
const acknowledgement = { packetId: 1, reasonCode: 0 } as const;
const will = { topicName: "w", payload: none, qos: 0, retain: false } as const;
const option = {
  topicFilter: "f",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const;

const PACKETS = {
  connect: {
    type: "connect",
    protocolVersion: 5,
    cleanStart: true,
    keepAliveSeconds: 0,
    clientId: "c",
    will,
  },
  connack: { type: "connack", sessionPresent: false, reasonCode: 0 },
  publish: {
    type: "publish",
    topicName: "t",
    payload: none,
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    properties: undefined,
  },
  puback: { type: "puback", ...acknowledgement },
  pubrec: { type: "pubrec", ...acknowledgement },
  pubrel: { type: "pubrel", ...acknowledgement },
  pubcomp: { type: "pubcomp", ...acknowledgement },
  subscribe: { type: "subscribe", packetId: 1, subscriptions: [option] },
  suback: { type: "suback", packetId: 1, reasonCodes: [0] },
  unsubscribe: { type: "unsubscribe", packetId: 1, topicFilters: ["f"] },
  unsuback: { type: "unsuback", packetId: 1, reasonCodes: [0] },
  disconnect: { type: "disconnect", reasonCode: 4 },
  auth: { type: "auth", reasonCode: 0x18 },
} as const satisfies { readonly [type: string]: Packet };
type Type = keyof typeof PACKETS;

/** The properties of one packet: numbers with their ends, texts and data with their longest. */
// deno-fmt-ignore
const NUMBERS: [types: string, key: keyof Properties, min: number, max: number][] = [
  ["publish will", "payloadFormatIndicator", 0, 1],
  ["publish will", "messageExpiryInterval", 0, 0xffff_ffff],
  ["publish subscribe", "subscriptionIdentifiers", 1, VARINT],
  ["connect connack disconnect", "sessionExpiryInterval", 0, 0xffff_ffff],
  ["connack", "serverKeepAlive", 0, 65_535],
  ["will", "willDelayInterval", 0, 0xffff_ffff],
  ["connect connack", "receiveMaximum", 1, 65_535],
  ["connect connack", "topicAliasMaximum", 0, 65_535],
  ["publish", "topicAlias", 1, 65_535],
  ["connack", "maximumQos", 0, 1],
  ["connect connack", "maximumPacketSize", 1, 0xffff_ffff],
];

const ANSWERS = "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth";
const TEXTS: [types: string, key: keyof Properties][] = [
  ["publish will", "contentType"],
  ["publish will", "responseTopic"],
  ["connack", "assignedClientIdentifier"],
  ["connect connack auth", "authenticationMethod"],
  ["connack", "responseInformation"],
  ["connack disconnect", "serverReference"],
  [ANSWERS, "reasonString"],
];

const DATA: [types: string, key: keyof Properties][] = [
  ["publish will", "correlationData"],
  ["connect connack auth", "authenticationData"],
];

/** The other numbers of the packets, in every version that has them. */
// deno-fmt-ignore
const FIELDS: [field: string, versions: ProtocolVersion[], min: number, max: number, make: (value: number) => Packet][] = [
  ["keepAliveSeconds", [3, 4, 5], 0, 65_535, (n) => ({ ...PACKETS.connect, keepAliveSeconds: n })],
  ["will.qos", [3, 4, 5], 0, 2, (n) => ({ ...PACKETS.connect, will: { ...will, qos: n as 0 } })],
  ["qos", [3, 4, 5], 0, 2, (n) => ({ ...PACKETS.publish, qos: n as 0, packetId: n === 0 ? 0 : 1 })],
  ["packetId", [3, 4, 5], 1, 65_535, (n) => ({ ...PACKETS.publish, packetId: n })],
  ...(["puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback", "unsubscribe"] as const).map((type) =>
    ["packetId", [3, 4, 5], 1, 65_535, (n: number) => ({ ...PACKETS[type], packetId: n })] as typeof FIELDS[number]
  ),
  ["packetId", [5], 1, 65_535, (n) => ({ ...PACKETS.unsuback, packetId: n })],
  ["qos", [3, 4, 5], 0, 2, (n) => ({ ...PACKETS.subscribe, subscriptions: [{ ...option, qos: n as 0 }] })],
  ["retainHandling", [5], 0, 2, (n) => ({ ...PACKETS.subscribe, subscriptions: [{ ...option, retainHandling: n as 0 }] })],
  ["reasonCode", [3, 4], 0, 5, (n) => ({ ...PACKETS.connack, reasonCode: n })],
  ["reasonCodes", [3, 4], 0, 2, (n) => ({ ...PACKETS.suback, reasonCodes: [n] })],
];

/** Strings and data that are no properties. */
// deno-fmt-ignore
const LENGTHS: [field: string, versions: ProtocolVersion[], make: (length: number) => Packet][] = [
  ["clientId", [3, 4, 5], (n) => ({ ...PACKETS.connect, clientId: "x".repeat(n) })],
  ["userName", [3, 4, 5], (n) => ({ ...PACKETS.connect, userName: "x".repeat(n) })],
  ["password", [3, 4, 5], (n) => ({ ...PACKETS.connect, userName: "u", password: new Uint8Array(n) })],
  ["will.topicName", [3, 4, 5], (n) => ({ ...PACKETS.connect, will: { ...will, topicName: "x".repeat(n) } })],
  ["will.payload", [3, 4, 5], (n) => ({ ...PACKETS.connect, will: { ...will, payload: new Uint8Array(n) } })],
  ["topicName", [3, 4, 5], (n) => ({ ...PACKETS.publish, topicName: "x".repeat(n) })],
  ["topicFilter", [3, 4, 5], (n) => ({ ...PACKETS.subscribe, subscriptions: [{ ...option, topicFilter: "x".repeat(n) }] })],
  ["topicFilters", [3, 4, 5], (n) => ({ ...PACKETS.unsubscribe, topicFilters: ["x".repeat(n)] })],
];

for (const [types, key, min, max] of NUMBERS) {
  Deno.test(`${key} from ${min} to ${max} is encoded, and nothing else`, () => {
    for (const carrier of types.split(" ")) {
      checkEnds(key, min, max, (value) => {
        return [withProperty(carrier, key, key === "subscriptionIdentifiers" ? [value] : value), 5];
      });
    }
  });
}

for (const [types, key] of TEXTS) {
  Deno.test(`${key} of up to 65,535 bytes is encoded, and no more`, () => {
    for (const carrier of types.split(" ")) {
      checkEnds(key, 0, MAX_TEXT, (n) => [withProperty(carrier, key, "x".repeat(n)), 5]);
    }
  });
}

for (const [types, key] of DATA) {
  Deno.test(`${key} of up to 65,535 bytes is encoded, and no more`, () => {
    for (const carrier of types.split(" ")) {
      checkEnds(key, 0, MAX_TEXT, (n) => [withProperty(carrier, key, new Uint8Array(n)), 5]);
    }
  });
}

Deno.test("both halves of a User Property of up to 65,535 bytes are encoded, and no more", () => {
  for (const carrier of [...Object.keys(PACKETS), "will"]) {
    for (const pair of [(text: string) => [text, "v"], (text: string) => ["n", text]]) {
      checkEnds("userProperties", 0, MAX_TEXT, (n) => {
        return [withProperty(carrier, "userProperties", [pair("x".repeat(n))]), 5];
      });
    }
  }
});

for (const [i, [field, versions, min, max, make]] of FIELDS.entries()) {
  Deno.test(`${field} of ${make(min).type} from ${min} to ${max} is encoded, and nothing else (${i})`, () => {
    for (const version of versions) {
      checkEnds(field, min, max, (value) => [ofVersion(make(value), version), version]);
    }
  });
}

for (const [field, versions, make] of LENGTHS) {
  Deno.test(`${field} of ${make(0).type} of up to 65,535 bytes is encoded, and no more`, () => {
    for (const version of versions) {
      checkEnds(field, 0, MAX_TEXT, (n) => [ofVersion(make(n), version), version]);
    }
  });
}

Deno.test("a Topic Name that is encoded already is held against its limit as well", () => {
  const packet = { ...PACKETS.publish, topicName: "" };
  const target = new Uint8Array(70_000);
  encodePublishInto(packet, 4, target, 0, new Uint8Array(65_535).fill(0x61));
  const name = new Uint8Array(65_536).fill(0x61);
  const error = { name: "EncodeError", field: "topicName" };
  assert.throws(() => publishSize(packet, 4, name), error);
  assert.throws(() => encodePublishInto(packet, 4, target, 0, name), error);
});

Deno.test("a packet that Remaining Length cannot say is too large, whatever makes it so", () => {
  const error = { name: "EncodeError", field: "remainingLength", reasonCode: 0x95 };
  // Pages that nobody touches take no memory.
  const payload = new Uint8Array(VARINT - 3 - 2 + 1);
  const publish = { ...PACKETS.publish, payload };
  const target = new Uint8Array(100);
  assert.throws(() => encodePacket(publish, 4), error);
  assert.throws(() => encodePublishInto(publish, 4, target, 0), error);
  assert.equal(publishSize({ ...publish, payload: payload.subarray(1) }, 4), VARINT + 5);
  // Each part is short enough, all together are not.
  const userProperties = [["n", "v".repeat(60_000)]] as const;
  const grown = { ...publish, payload: payload.subarray(100), properties: { userProperties } };
  assert.throws(() => encodePacket(grown, 5), error);
  const text = "x".repeat(65_535);
  const subscriptions = new Array(4097).fill({ ...option, topicFilter: text });
  assert.throws(() => encodeInto({ ...PACKETS.subscribe, subscriptions }, 4, target, 0), error);
  const many = { userProperties: new Array(2100).fill([text, text]) };
  assert.throws(() => encodePacket({ ...PACKETS.suback, properties: many }, 5), {
    name: "EncodeError",
    field: "properties",
    reasonCode: 0x95,
  });
  assert(target.every((byte) => byte === 0), "something was written");
});

/** Both ends, what is next to them inside and outside, 0 and 1, and what is no integer. */
function checkEnds(
  field: string,
  min: number,
  max: number,
  make: (value: number) => [Packet, ProtocolVersion],
): void {
  for (const value of new Set([0, 1, min, min + 1, max - 1, max])) {
    if (value < min || value > max) continue;
    const [packet, version] = make(value);
    const bytes = encodePacket(packet, version);
    assert.deepEqual(decodePacket(bytes, 0, bytes.length, version), packet, `${field} ${value}`);
  }
  const isLength = max === MAX_TEXT && min === 0;
  for (const value of new Set([0, min - 1, max + 1, 2 ** 32, 2 ** 53])) {
    if (value >= min && value <= max || value < 0 || isLength && value > max + 1) continue;
    const [packet, version] = make(value);
    const target = new Uint8Array(16);
    const error = { name: "EncodeError", field };
    assert.throws(() => encodePacket(packet, version), error, `${field} ${value}`);
    assert.throws(() => encodeInto(packet, version, target, 0), error, `${field} ${value}`);
    assert(target.every((byte) => byte === 0), "something was written");
  }
}

function withProperty(carrier: string, key: keyof Properties, value: unknown): Packet {
  // Data need a method beside them.
  const properties: Properties = key === "authenticationData"
    ? { authenticationMethod: "m", authenticationData: value as Uint8Array }
    : { [key]: value };
  if (carrier === "will") return { ...PACKETS.connect, will: { ...will, properties } };
  return { ...PACKETS[carrier as Type], properties } as Packet;
}

/** A CONNECT tells its version itself. */
function ofVersion(packet: Packet, version: ProtocolVersion): Packet {
  return packet.type === "connect" ? { ...packet, protocolVersion: version } : packet;
}

for (const type of ["subscribe", "unsubscribe"] as const) {
  Deno.test(`100,000 Topic Filters of one ${type.toUpperCase()} are decoded, and no more: 0x97`, () => {
    const filters = (count: number) =>
      encodePacket(
        type === "subscribe"
          ? { type, packetId: 1, subscriptions: Array(count).fill(option) }
          : { type, packetId: 1, topicFilters: Array(count).fill("f") },
        5,
      );
    const most = filters(100_000);
    assert.equal(decodePacket(most, 0, most.length, 5).type, type);
    const more = filters(100_001);
    assert.throws(
      () => decodePacket(more, 0, more.length, 5),
      { name: "MqttError", reasonCode: 0x97 },
    );
  });
}
