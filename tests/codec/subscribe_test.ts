import { strict as assert } from "node:assert";
import { EncodeError, encodePacket, type Suback, type Subscribe } from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const subscribe: Subscribe = {
  type: "subscribe",
  packetId: 10,
  subscriptions: [{ topicFilter: "a/b", qos: 1, ...plain }],
};

testGolden([
  { name: "SUBSCRIBE", version: BEFORE_5, hex: "82 08 000a 0003 'a/b' 01", packet: subscribe },
  { name: "SUBSCRIBE", version: 5, hex: "82 09 000a 00 0003 'a/b' 01", packet: subscribe },
  {
    name: "SUBSCRIBE to three Topic Filters",
    version: BEFORE_5,
    hex: "82 10 000a 0003 'a/b' 00 0001 '#' 01 0001 '+' 02",
    packet: {
      ...subscribe,
      subscriptions: [
        { topicFilter: "a/b", qos: 0, ...plain },
        { topicFilter: "#", qos: 1, ...plain },
        { topicFilter: "+", qos: 2, ...plain },
      ],
    },
  },
  {
    name: "SUBSCRIBE with every option",
    version: 5,
    hex: "82 13 000a 00 0001 'a' 04 0001 'b' 09 0001 'c' 12 0001 'd' 2c",
    packet: {
      ...subscribe,
      subscriptions: [
        { ...plain, topicFilter: "a", qos: 0, noLocal: true },
        { ...plain, topicFilter: "b", qos: 1, retainAsPublished: true },
        { ...plain, topicFilter: "c", qos: 2, retainHandling: 1 },
        { topicFilter: "d", qos: 0, noLocal: true, retainAsPublished: true, retainHandling: 2 },
      ],
    },
  },
  {
    name: "No Local on a Shared Subscription is not the codec's to judge",
    version: 5,
    hex: "82 12 000a 00 000c '$share/g/t/#' 04",
    packet: {
      ...subscribe,
      subscriptions: [{ ...plain, topicFilter: "$share/g/t/#", qos: 0, noLocal: true }],
    },
  },
  {
    name: "SUBSCRIBE with properties",
    version: 5,
    hex: "82 11 000a 0a 0b 8001 26 0001 'a' 0001 'b' 0001 't' 00",
    packet: {
      ...subscribe,
      subscriptions: [{ topicFilter: "t", qos: 0, ...plain }],
      properties: { subscriptionIdentifiers: [128], userProperties: [["a", "b"]] },
    },
  },
  {
    name: "an empty Topic Filter is not the codec's to judge",
    version: BEFORE_5,
    hex: "82 05 000a 0000 00",
    packet: { ...subscribe, subscriptions: [{ topicFilter: "", qos: 0, ...plain }] },
  },
  {
    name: "SUBSCRIBE repeated with DUP, as 3.1 allows",
    version: 3,
    hex: "8a 08 000a 0003 'a/b' 01",
    packet: subscribe,
    decodeOnly: true,
  },
]);

testGolden([
  {
    name: "SUBSCRIBE without a Topic Filter [v3 MQTT-3.8.3-3]",
    version: BEFORE_5,
    hex: "82 02 000a",
    reasonCode: 0x82,
  },
  {
    name: "SUBSCRIBE without a Topic Filter [MQTT-3.8.3-2]",
    version: 5,
    hex: "82 03 000a 00",
    reasonCode: 0x82,
  },
  {
    name: "SUBSCRIBE with Packet Identifier 0 [v3 MQTT-2.3.1-1]",
    version: BEFORE_5,
    hex: "82 06 0000 0001 'a' 00",
    reasonCode: 0x81,
  },
  {
    name: "SUBSCRIBE with Packet Identifier 0 [MQTT-2.2.1-3]",
    version: 5,
    hex: "82 07 0000 00 0001 'a' 00",
    reasonCode: 0x81,
  },
  { name: "empty SUBSCRIBE", version: ALL, hex: "82 00", reasonCode: 0x81 },
  {
    name: "SUBSCRIBE without Property Length",
    version: 5,
    hex: "82 02 000a",
    reasonCode: 0x81,
  },
  {
    name: "Topic Filter without options",
    version: BEFORE_5,
    hex: "82 05 000a 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "Topic Filter without options",
    version: 5,
    hex: "82 06 000a 00 0001 'a'",
    reasonCode: 0x81,
  },
  {
    name: "QoS 3 is asked for [v3 MQTT-3.8.3-4]",
    version: BEFORE_5,
    hex: "82 06 000a 0001 'a' 03",
    reasonCode: 0x81,
  },
  {
    name: "QoS 3 is asked for",
    version: 5,
    hex: "82 07 000a 00 0001 'a' 03",
    reasonCode: 0x81,
  },
  {
    name: "options of 5.0 before it [v3 MQTT-3.8.3-4]",
    version: BEFORE_5,
    hex: "82 06 000a 0001 'a' 04",
    reasonCode: 0x81,
  },
  {
    name: "highest reserved option bit [v3 MQTT-3.8.3-4]",
    version: BEFORE_5,
    hex: "82 06 000a 0001 'a' 80",
    reasonCode: 0x81,
  },
  {
    name: "reserved option bit 6 [MQTT-3.8.3-5]",
    version: 5,
    hex: "82 07 000a 00 0001 'a' 40",
    reasonCode: 0x81,
  },
  {
    name: "reserved option bit 7 [MQTT-3.8.3-5]",
    version: 5,
    hex: "82 07 000a 00 0001 'a' 80",
    reasonCode: 0x81,
  },
  {
    name: "Retain Handling 3",
    version: 5,
    hex: "82 07 000a 00 0001 'a' 30",
    reasonCode: 0x82,
  },
  {
    name: "ill-formed Topic Filter [v3 MQTT-3.8.3-1]",
    version: BEFORE_5,
    hex: "82 06 000a 0001 80 00",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Topic Filter [MQTT-3.8.3-1]",
    version: 5,
    hex: "82 07 000a 00 0001 80 00",
    reasonCode: 0x81,
  },
  {
    name: "flags of SUBSCRIBE are not 0010 [v3 MQTT-3.8.1-1]",
    version: BEFORE_5,
    hex: "80 06 000a 0001 'a' 00",
    reasonCode: 0x81,
  },
  {
    name: "flags of SUBSCRIBE are not 0010 [MQTT-3.8.1-1]",
    version: 5,
    hex: "83 07 000a 00 0001 'a' 00",
    reasonCode: 0x81,
  },
  {
    name: "DUP of SUBSCRIBE is gone since 3.1.1 [v3 MQTT-3.8.1-1]",
    version: 4,
    hex: "8a 06 000a 0001 'a' 00",
    reasonCode: 0x81,
  },
]);

const suback: Suback = { type: "suback", packetId: 10, reasonCodes: [0, 1, 2, 0x80] };

testGolden([
  {
    name: "SUBACK with every Return Code [v3 MQTT-3.9.3-2]",
    version: BEFORE_5,
    hex: "90 06 000a 00 01 02 80",
    packet: suback,
  },
  { name: "SUBACK", version: 5, hex: "90 07 000a 00 00 01 02 80", packet: suback },
  {
    name: "SUBACK with properties",
    version: 5,
    hex: "90 09 000a 05 1f 0002 'no' 87",
    packet: { ...suback, reasonCodes: [0x87], properties: { reasonString: "no" } },
  },
  {
    name: "Return Code 3 in SUBACK [v3 MQTT-3.9.3-2]",
    version: BEFORE_5,
    hex: "90 03 000a 03",
    reasonCode: 0x82,
  },
  {
    name: "Return Code of 5.0 in SUBACK [v3 MQTT-3.9.3-2]",
    version: BEFORE_5,
    hex: "90 03 000a 87",
    reasonCode: 0x82,
  },
  {
    name: "Reason Code of another packet in SUBACK [MQTT-3.9.3-2]",
    version: 5,
    hex: "90 04 000a 00 11",
    reasonCode: 0x82,
  },
  {
    name: "SUBACK for Packet Identifier 0",
    version: ALL,
    hex: "90 04 0000 00 00",
    reasonCode: 0x81,
  },
  { name: "SUBACK without Property Length", version: 5, hex: "90 02 000a", reasonCode: 0x81 },
  { name: "flags of SUBACK [MQTT-2.1.3-1]", version: 5, hex: "92 04 000a 00 00", reasonCode: 0x81 },
]);

Deno.test("options of 5.0 are left out of a SUBSCRIBE before it", () => {
  const packet: Subscribe = {
    ...subscribe,
    subscriptions: [
      { topicFilter: "a", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
    ],
  };
  for (const version of BEFORE_5) {
    assert.deepEqual(encodePacket(packet, version), fromHex("82 06 000a 0001 'a' 02"));
  }
});

Deno.test("a Reason Code of 5.0 does not fit into a SUBACK before it [v3 MQTT-3.9.3-2]", () => {
  assert.throws(() => encodePacket({ ...suback, reasonCodes: [0x87] }, 4), EncodeError);
});
