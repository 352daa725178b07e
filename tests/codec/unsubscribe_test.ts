import { strict as assert } from "node:assert";
import { encodePacket, type Unsuback, type Unsubscribe } from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const unsubscribe: Unsubscribe = { type: "unsubscribe", packetId: 10, topicFilters: ["a/b"] };
const unsuback: Unsuback = { type: "unsuback", packetId: 10, reasonCodes: [] };

testGolden([
  { name: "UNSUBSCRIBE", version: BEFORE_5, hex: "a2 07 000a 0003 'a/b'", packet: unsubscribe },
  { name: "UNSUBSCRIBE", version: 5, hex: "a2 08 000a 00 0003 'a/b'", packet: unsubscribe },
  {
    name: "UNSUBSCRIBE from two Topic Filters",
    version: BEFORE_5,
    hex: "a2 09 000a 0001 '#' 0002 '+/'",
    packet: { ...unsubscribe, topicFilters: ["#", "+/"] },
  },
  {
    name: "UNSUBSCRIBE with properties",
    version: 5,
    hex: "a2 0d 000a 07 26 0001 'a' 0001 'b' 0001 't'",
    packet: {
      ...unsubscribe,
      topicFilters: ["t"],
      properties: { userProperties: [["a", "b"]] },
    },
  },
  {
    name: "UNSUBSCRIBE repeated with DUP, as 3.1 allows",
    version: 3,
    hex: "aa 07 000a 0003 'a/b'",
    packet: unsubscribe,
    decodeOnly: true,
  },
  {
    name: "UNSUBSCRIBE without a Topic Filter [v3 MQTT-3.10.3-2]",
    version: BEFORE_5,
    hex: "a2 02 000a",
    reasonCode: 0x82,
  },
  {
    name: "UNSUBSCRIBE without a Topic Filter [MQTT-3.10.3-2]",
    version: 5,
    hex: "a2 03 000a 00",
    reasonCode: 0x82,
  },
  {
    name: "UNSUBSCRIBE with Packet Identifier 0 [v3 MQTT-2.3.1-1]",
    version: BEFORE_5,
    hex: "a2 05 0000 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "UNSUBSCRIBE with Packet Identifier 0 [MQTT-2.2.1-3]",
    version: 5,
    hex: "a2 06 0000 00 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Topic Filter [v3 MQTT-3.10.3-1]",
    version: BEFORE_5,
    hex: "a2 05 000a 0001 c0",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Topic Filter [MQTT-3.10.3-1]",
    version: 5,
    hex: "a2 06 000a 00 0001 c0",
    reasonCode: 0x81,
  },
  {
    name: "Topic Filter longer than the packet",
    version: BEFORE_5,
    hex: "a2 05 000a 0002 'a'",
    reasonCode: 0x81,
  },
  { name: "empty UNSUBSCRIBE", version: ALL, hex: "a2 00", reasonCode: 0x81 },
  {
    name: "flags of UNSUBSCRIBE are not 0010 [v3 MQTT-3.10.1-1]",
    version: BEFORE_5,
    hex: "a0 05 000a 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "flags of UNSUBSCRIBE are not 0010 [MQTT-3.10.1-1]",
    version: 5,
    hex: "a6 06 000a 00 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "DUP of UNSUBSCRIBE is gone since 3.1.1 [v3 MQTT-3.10.1-1]",
    version: 4,
    hex: "aa 05 000a 0001 'a'",
    reasonCode: 0x81,
  },
]);

testGolden([
  { name: "UNSUBACK has no payload", version: BEFORE_5, hex: "b0 02 000a", packet: unsuback },
  {
    name: "UNSUBACK [MQTT-3.11.3-2]",
    version: 5,
    hex: "b0 05 000a 00 00 11",
    packet: { ...unsuback, reasonCodes: [0x00, 0x11] },
  },
  {
    name: "UNSUBACK with properties",
    version: 5,
    hex: "b0 09 000a 05 1f 0002 'no' 80",
    packet: { ...unsuback, reasonCodes: [0x80], properties: { reasonString: "no" } },
  },
  { name: "UNSUBACK with payload", version: BEFORE_5, hex: "b0 03 000a 00", reasonCode: 0x81 },
  {
    name: "Reason Code of another packet in UNSUBACK [MQTT-3.11.3-2]",
    version: 5,
    hex: "b0 04 000a 00 01",
    reasonCode: 0x82,
  },
  { name: "UNSUBACK for Packet Identifier 0", version: ALL, hex: "b0 02 0000", reasonCode: 0x81 },
  { name: "UNSUBACK without Property Length", version: 5, hex: "b0 02 000a", reasonCode: 0x81 },
  { name: "flags of UNSUBACK [v3 MQTT-2.2.2-2]", version: 4, hex: "b2 02 000a", reasonCode: 0x81 },
]);

Deno.test("Reason Codes of an UNSUBACK are left out before 5.0", () => {
  for (const version of BEFORE_5) {
    const bytes = encodePacket({ ...unsuback, reasonCodes: [0x00, 0x11] }, version);
    assert.deepEqual(bytes, fromHex("b0 02 000a"));
  }
});
