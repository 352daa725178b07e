import { strict as assert } from "node:assert";
import {
  encodeAckInto,
  EncodeError,
  encodePacket,
  type Puback,
  type Pubcomp,
  type Pubrec,
  type Pubrel,
} from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const puback: Puback = { type: "puback", packetId: 0x0102, reasonCode: 0 };
const pubrec: Pubrec = { type: "pubrec", packetId: 0x0102, reasonCode: 0 };
const pubrel: Pubrel = { type: "pubrel", packetId: 0x0102, reasonCode: 0 };
const pubcomp: Pubcomp = { type: "pubcomp", packetId: 0x0102, reasonCode: 0 };

testGolden([
  { name: "PUBACK of four bytes", version: ALL, hex: "40 02 0102", packet: puback },
  { name: "PUBREC of four bytes", version: ALL, hex: "50 02 0102", packet: pubrec },
  { name: "PUBREL of four bytes", version: ALL, hex: "62 02 0102", packet: pubrel },
  { name: "PUBCOMP of four bytes", version: ALL, hex: "70 02 0102", packet: pubcomp },
  {
    name: "PUBACK with a Reason Code alone [MQTT-3.4.2-1]",
    version: 5,
    hex: "40 03 0102 10",
    packet: { ...puback, reasonCode: 0x10 },
  },
  {
    name: "PUBREC with a Reason Code alone [MQTT-3.5.2-1]",
    version: 5,
    hex: "50 03 0102 97",
    packet: { ...pubrec, reasonCode: 0x97 },
  },
  {
    name: "PUBREL with a Reason Code alone [MQTT-3.6.2-1]",
    version: 5,
    hex: "62 03 0102 92",
    packet: { ...pubrel, reasonCode: 0x92 },
  },
  {
    name: "PUBCOMP with a Reason Code alone [MQTT-3.7.2-1]",
    version: 5,
    hex: "70 03 0102 92",
    packet: { ...pubcomp, reasonCode: 0x92 },
  },
  {
    name: "PUBACK with Reason Code 0, which could be left out",
    version: 5,
    hex: "40 03 0102 00",
    packet: puback,
    decodeOnly: true,
  },
  {
    name: "PUBACK with a Property Length of 0, which could be left out",
    version: 5,
    hex: "40 04 0102 87 00",
    packet: { ...puback, reasonCode: 0x87 },
    decodeOnly: true,
  },
  {
    name: "PUBREL with a Property Length of 0, which could be left out",
    version: 5,
    hex: "62 04 0102 00 00",
    packet: pubrel,
    decodeOnly: true,
  },
  {
    name: "PUBACK with properties",
    version: 5,
    hex: "40 10 0102 00 0c 1f 0002 'ok' 26 0001 'a' 0001 'b'",
    packet: { ...puback, properties: { reasonString: "ok", userProperties: [["a", "b"]] } },
  },
  {
    name: "PUBREC with properties",
    version: 5,
    hex: "50 09 0102 80 05 1f 0002 'no'",
    packet: { ...pubrec, reasonCode: 0x80, properties: { reasonString: "no" } },
  },
  {
    name: "PUBREL with properties",
    version: 5,
    hex: "62 0b 0102 00 07 26 0001 'a' 0001 'b'",
    packet: { ...pubrel, properties: { userProperties: [["a", "b"]] } },
  },
  {
    name: "PUBCOMP with properties",
    version: 5,
    hex: "70 09 0102 92 05 1f 0002 'no'",
    packet: { ...pubcomp, reasonCode: 0x92, properties: { reasonString: "no" } },
  },
  {
    name: "PUBREL repeated with DUP, as 3.1 allows",
    version: 3,
    hex: "6a 02 0102",
    packet: pubrel,
    decodeOnly: true,
  },
]);

testGolden([
  { name: "PUBACK for Packet Identifier 0", version: ALL, hex: "40 02 0000", reasonCode: 0x81 },
  { name: "PUBREC for Packet Identifier 0", version: ALL, hex: "50 02 0000", reasonCode: 0x81 },
  { name: "PUBREL for Packet Identifier 0", version: ALL, hex: "62 02 0000", reasonCode: 0x81 },
  { name: "PUBCOMP for Packet Identifier 0", version: ALL, hex: "70 02 0000", reasonCode: 0x81 },
  { name: "empty PUBACK", version: ALL, hex: "40 00", reasonCode: 0x81 },
  { name: "half a Packet Identifier", version: ALL, hex: "50 01 01", reasonCode: 0x81 },
  { name: "PUBACK with a third byte", version: BEFORE_5, hex: "40 03 0102 00", reasonCode: 0x81 },
  { name: "PUBREL with a third byte", version: BEFORE_5, hex: "62 03 0102 00", reasonCode: 0x81 },
  {
    name: "PUBACK longer than its properties",
    version: 5,
    hex: "40 05 0102 00 00 00",
    reasonCode: 0x81,
  },
  {
    name: "PUBACK shorter than its properties",
    version: 5,
    hex: "40 04 0102 00 05",
    reasonCode: 0x81,
  },
  {
    name: "flags of PUBREL are not 0010 [MQTT-3.6.1-1]",
    version: 5,
    hex: "60 02 0102",
    reasonCode: 0x81,
  },
  {
    name: "flags of PUBREL are not 0010 [v3 MQTT-3.6.1-1]",
    version: BEFORE_5,
    hex: "60 02 0102",
    reasonCode: 0x81,
  },
  {
    name: "DUP of PUBREL is gone since 3.1.1 [v3 MQTT-3.6.1-1]",
    version: [4, 5],
    hex: "6a 02 0102",
    reasonCode: 0x81,
  },
  { name: "flags of PUBACK [MQTT-2.1.3-1]", version: 5, hex: "42 02 0102", reasonCode: 0x81 },
  { name: "flags of PUBREC [v3 MQTT-2.2.2-2]", version: 4, hex: "52 02 0102", reasonCode: 0x81 },
  { name: "flags of PUBCOMP [v3 MQTT-2.2.2-2]", version: 4, hex: "78 02 0102", reasonCode: 0x81 },
]);

Deno.test("encodeAckInto() writes the four bytes that all versions read", () => {
  const packets = [puback, pubrec, pubrel, pubcomp];
  for (const [i, firstByte] of [0x40, 0x50, 0x62, 0x70].entries()) {
    const target = new Uint8Array(6);
    assert.equal(encodeAckInto(firstByte, 0x0102, target, 1), 5);
    for (const version of ALL) {
      assert.deepEqual(target.subarray(1, 5), encodePacket(packets[i]!, version));
    }
  }
});

Deno.test("encodeAckInto() refuses Packet Identifiers that do not exist", () => {
  for (const packetId of [0, -1, 65_536, 1.5, NaN]) {
    assert.throws(() => encodeAckInto(0x40, packetId, new Uint8Array(4), 0), EncodeError);
  }
});

Deno.test("Reason Code and properties of an acknowledgement are left out before 5.0", () => {
  const packet: Pubrec = { ...pubrec, reasonCode: 0x97, properties: { reasonString: "full" } };
  for (const version of BEFORE_5) {
    assert.deepEqual(encodePacket(packet, version), fromHex("50 02 0102"));
  }
});
