import { strict as assert } from "node:assert";
import { EncodeError, encodePacket, type Packet, type Properties } from "../../lib/codec/mod.ts";
import { assertRefused, decodeAll, fromHex } from "./golden.ts";

/**
 * Every carrier with a place for properties, and nothing else that matters. `hex` is cut at the properties; Remaining Length
 * and Property Length are put in.
 */
const CARRIERS = {
  connect: ["10", "0004 'MQTT' 05 02 0000", "0000"],
  will: ["10", "0004 'MQTT' 05 06 0000 00 0000", "0001 't' 0000"],
  connack: ["20", "00 00", ""],
  publish: ["30", "0001 't'", "'payload'"],
  puback: ["40", "0001 00", ""],
  pubrec: ["50", "0001 00", ""],
  pubrel: ["62", "0001 00", ""],
  pubcomp: ["70", "0001 00", ""],
  subscribe: ["82", "0001", "0001 't' 00"],
  suback: ["90", "0001", "00"],
  unsubscribe: ["a2", "0001", "0001 't'"],
  unsuback: ["b0", "0001", "00"],
  disconnect: ["e0", "00", ""],
  auth: ["f0", "00", ""],
} as const;
type Carrier = keyof typeof CARRIERS;

const MESSAGE = "publish will";
const HANDSHAKE = "connect connack auth";
const ANSWERS = "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth";
const EVERYWHERE = Object.keys(CARRIERS).join(" ");

/** The list of properties, as section 2.2.2.2 has it: bytes, what they mean, and who carries them. */
// deno-fmt-ignore
const PROPERTIES: [hex: string, properties: Properties, carriers: string][] = [
  ["01 01", { payloadFormatIndicator: 1 }, MESSAGE],
  ["02 00000100", { messageExpiryInterval: 256 }, MESSAGE],
  ["03 0004 'json'", { contentType: "json" }, MESSAGE],
  ["08 0001 'r'", { responseTopic: "r" }, MESSAGE],
  ["09 0002 00ff", { correlationData: fromHex("00ff") }, MESSAGE],
  ["0b ff7f", { subscriptionIdentifiers: [16_383] }, "publish subscribe"],
  ["11 ffffffff", { sessionExpiryInterval: 0xffff_ffff }, "connect connack disconnect"],
  ["12 0001 'c'", { assignedClientIdentifier: "c" }, "connack"],
  ["13 0000", { serverKeepAlive: 0 }, "connack"],
  ["15 0001 'm'", { authenticationMethod: "m" }, HANDSHAKE],
  ["15 0001 'm' 16 0001 00", { authenticationMethod: "m", authenticationData: fromHex("00") }, HANDSHAKE],
  ["17 00", { requestProblemInformation: false }, "connect"],
  ["18 00000001", { willDelayInterval: 1 }, "will"],
  ["19 01", { requestResponseInformation: true }, "connect"],
  ["1a 0001 'i'", { responseInformation: "i" }, "connack"],
  ["1c 0001 's'", { serverReference: "s" }, "connack disconnect"],
  ["1f 0001 'r'", { reasonString: "r" }, ANSWERS],
  ["21 0001", { receiveMaximum: 1 }, "connect connack"],
  ["22 ffff", { topicAliasMaximum: 65_535 }, "connect connack"],
  ["23 0001", { topicAlias: 1 }, "publish"],
  ["24 00", { maximumQos: 0 }, "connack"],
  ["25 00", { retainAvailable: false }, "connack"],
  ["26 0000 0001 'v'", { userProperties: [["", "v"]] }, EVERYWHERE],
  ["27 00000001", { maximumPacketSize: 1 }, "connect connack"],
  ["28 01", { wildcardSubscriptionAvailable: true }, "connack"],
  ["29 00", { subscriptionIdentifierAvailable: false }, "connack"],
  ["2a 01", { sharedSubscriptionAvailable: true }, "connack"],
];

for (const [hex, properties, carriers] of PROPERTIES) {
  for (const carrier of Object.keys(CARRIERS) as Carrier[]) {
    const keys = Object.keys(properties).join(" and ");
    if (carriers.split(" ").includes(carrier)) {
      Deno.test(`${carrier} carries ${keys}`, () => {
        const bytes = packetWith(carrier, hex);
        const packet = decodeAll(bytes, 5);
        assert.deepEqual(propertiesOf(packet, carrier), properties);
        assert.deepEqual(encodePacket(packet, 5), bytes);
      });
      Deno.test(`${carrier} carries ${keys} ${isList(properties, carrier) ? "twice" : "once"}`, () => {
        const decode = () => decodeAll(packetWith(carrier, `${hex} ${hex}`), 5);
        if (!isList(properties, carrier)) return assertRefused(decode, 0x82);
        const [list] = Object.values(propertiesOf(decode(), carrier) ?? {});
        const [one] = Object.values(properties);
        assert.deepEqual(list, [...one, ...one]);
      });
    } else {
      Deno.test(`${carrier} does not carry ${keys}`, () => {
        assertRefused(() => decodeAll(packetWith(carrier, hex), 5), 0x81);
        const packet = withProperties(decodeAll(packetWith(carrier, ""), 5), carrier, properties);
        assert.throws(() => encodePacket(packet, 5), EncodeError);
      });
    }
  }
}

// deno-fmt-ignore
const REFUSED: [carrier: Carrier, hex: string, reasonCode: number, why: string][] = [
  ["publish", "01 02", 0x82, "payloadFormatIndicator is 0 or 1"],
  ["will", "01 ff", 0x82, "payloadFormatIndicator is 0 or 1"],
  ["connect", "17 02", 0x82, "requestProblemInformation is 0 or 1"],
  ["connect", "19 02", 0x82, "requestResponseInformation is 0 or 1"],
  ["connack", "24 02", 0x82, "maximumQos is 0 or 1"],
  ["connack", "25 02", 0x82, "retainAvailable is 0 or 1"],
  ["connack", "28 02", 0x82, "wildcardSubscriptionAvailable is 0 or 1"],
  ["connack", "29 02", 0x82, "subscriptionIdentifierAvailable is 0 or 1"],
  ["connack", "2a 02", 0x82, "sharedSubscriptionAvailable is 0 or 1"],
  ["connect", "21 0000", 0x82, "receiveMaximum is not 0"],
  ["connack", "21 0000", 0x82, "receiveMaximum is not 0"],
  ["connect", "27 00000000", 0x82, "maximumPacketSize is not 0"],
  ["subscribe", "0b 00", 0x82, "a Subscription Identifier is not 0"],
  ["publish", "0b 00", 0x82, "a Subscription Identifier is not 0"],
  ["publish", "23 0000", 0x94, "topicAlias is not 0 [MQTT-3.3.2-8]"],
  ["auth", "16 0001 00", 0x82, "authenticationData needs a method"],
  ["connack", "16 0001 00", 0x82, "authenticationData needs a method"],
  ["publish", "00 00", 0x81, "0 is no property"],
  ["publish", "2b 00", 0x81, "43 is no property"],
  ["publish", "7f 00", 0x81, "127 is no property"],
  ["publish", "8101 00", 0x81, "129 is no property"],
  ["publish", "80808080 01", 0x81, "an identifier has four bytes at most"],
  ["subscribe", "0b 80808080 01", 0x81, "an integer has four bytes at most"],
  ["subscribe", "0b ff", 0x81, "the integer goes on beyond the properties"],
  ["publish", "02 000000", 0x81, "the integer goes on beyond the properties"],
  ["connect", "21 00", 0x81, "the integer goes on beyond the properties"],
  ["publish", "01", 0x81, "the byte is missing"],
  ["publish", "03 00", 0x81, "the length goes on beyond the properties"],
  ["publish", "03 0002 'a'", 0x81, "the text goes on beyond the properties"],
  ["publish", "09 0003 'ab'", 0x81, "the data go on beyond the properties"],
  ["publish", "26 0001 'a'", 0x81, "a pair has two halves"],
  ["publish", "26 0001 ff 0000", 0x81, "both halves are well-formed [MQTT-1.5.7-1]"],
  ["publish", "26 0000 0001 ff", 0x81, "both halves are well-formed [MQTT-1.5.7-1]"],
  ["publish", "26 0001 00 0000", 0x81, "both halves are without U+0000 [MQTT-1.5.7-1]"],
  ["connack", "1f 0003 eda080", 0x81, "text has no surrogates [MQTT-1.5.4-1]"],
];

for (const [carrier, hex, reasonCode, why] of REFUSED) {
  Deno.test(`${carrier} with property ${hex} is refused: ${why}`, () => {
    assertRefused(() => decodeAll(packetWith(carrier, hex), 5), reasonCode);
  });
}

Deno.test("a property identifier may have more bytes than it needs", () => {
  const packet = decodeAll(packetWith("connect", "a180 00 0001"), 5);
  assert.deepEqual(propertiesOf(packet, "connect"), { receiveMaximum: 1 });
});

Deno.test("properties keep their order from decoder to encoder", () => {
  for (const hex of ["21 0001 11 00000001", "11 00000001 21 0001"]) {
    const bytes = packetWith("connect", hex);
    assert.deepEqual(encodePacket(decodeAll(bytes, 5), 5), bytes);
  }
});

// deno-fmt-ignore
const NOT_ENCODED: [carrier: Carrier, properties: Properties, why: string][] = [
  ["connect", { receiveMaximum: 0 }, "0 is no Receive Maximum"],
  ["connect", { receiveMaximum: 65_536 }, "two bytes end at 65,535"],
  ["connect", { sessionExpiryInterval: 2 ** 32 }, "four bytes end at 4,294,967,295"],
  ["connect", { sessionExpiryInterval: 1.5 }, "an interval is an integer"],
  ["connack", { maximumPacketSize: 0 }, "0 is no Maximum Packet Size"],
  ["publish", { topicAlias: 0 }, "0 is no Topic Alias [MQTT-3.3.2-8]"],
  ["publish", { subscriptionIdentifiers: [1, 0] }, "0 is no Subscription Identifier"],
  ["publish", { subscriptionIdentifiers: [2 ** 28] }, "four bytes end at 268,435,455"],
  ["subscribe", { subscriptionIdentifiers: [1, 2] }, "SUBSCRIBE has one identifier"],
  ["publish", { correlationData: new Uint8Array(65_536) }, "binary data end at 65,535 bytes"],
  ["publish", { contentType: "a".repeat(65_536) }, "text ends at 65,535 bytes"],
];

for (const [carrier, properties, why] of NOT_ENCODED) {
  Deno.test(`${Object.keys(properties)} of ${carrier} is not encoded: ${why}`, () => {
    const packet = withProperties(decodeAll(packetWith(carrier, ""), 5), carrier, properties);
    assert.throws(() => encodePacket(packet, 5), EncodeError);
  });
}

Deno.test("a property that is undefined is none", () => {
  const packet = decodeAll(packetWith("publish", ""), 5);
  const properties = { contentType: undefined } as unknown as Properties;
  const bytes = encodePacket(withProperties(packet, "publish", properties), 5);
  assert.deepEqual(bytes, encodePacket(packet, 5));
});

function packetWith(carrier: Carrier, propertiesHex: string): Uint8Array {
  const [firstByte, before, after] = CARRIERS[carrier];
  const properties = fromHex(propertiesHex);
  assert(properties.length < 128);
  const body = [...fromHex(before), properties.length, ...properties, ...fromHex(after)];
  return new Uint8Array([...fromHex(firstByte), body.length, ...body]);
}

function propertiesOf(packet: Packet, carrier: Carrier): Properties | undefined {
  if (carrier === "will") return packet.type === "connect" ? packet.will?.properties : undefined;
  return "properties" in packet ? packet.properties : undefined;
}

function withProperties(packet: Packet, carrier: Carrier, properties: Properties): Packet {
  if (carrier !== "will") return { ...packet, properties } as Packet;
  assert(packet.type === "connect" && packet.will !== undefined);
  return { ...packet, will: { ...packet.will, properties } };
}

function isList(properties: Properties, carrier: Carrier): boolean {
  return "userProperties" in properties ||
    ("subscriptionIdentifiers" in properties && carrier === "publish");
}
