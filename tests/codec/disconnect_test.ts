import { strict as assert } from "node:assert";
import { type Auth, type Disconnect, EncodeError, encodePacket } from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const disconnect: Disconnect = { type: "disconnect", reasonCode: 0 };
const auth: Auth = { type: "auth", reasonCode: 0 };

testGolden([
  { name: "DISCONNECT of two bytes", version: ALL, hex: "e0 00", packet: disconnect },
  {
    name: "DISCONNECT with a Reason Code alone [MQTT-3.14.2-1]",
    version: 5,
    hex: "e0 01 04",
    packet: { ...disconnect, reasonCode: 4 },
  },
  {
    name: "DISCONNECT with Reason Code 0, which could be left out",
    version: 5,
    hex: "e0 01 00",
    packet: disconnect,
    decodeOnly: true,
  },
  {
    name: "DISCONNECT with a Property Length of 0, which could be left out",
    version: 5,
    hex: "e0 02 8e 00",
    packet: { ...disconnect, reasonCode: 0x8e },
    decodeOnly: true,
  },
  {
    name: "DISCONNECT that changes the Session Expiry Interval",
    version: 5,
    hex: "e0 07 00 05 11 0000003c",
    packet: { ...disconnect, properties: { sessionExpiryInterval: 60 } },
  },
  {
    name: "DISCONNECT with all properties",
    version: 5,
    hex: "e0 16 9c 14 1f 0002 'no' 26 0001 'a' 0001 'b' 1c 0005 'there'",
    packet: {
      ...disconnect,
      reasonCode: 0x9c,
      properties: { reasonString: "no", userProperties: [["a", "b"]], serverReference: "there" },
    },
  },
  { name: "DISCONNECT with a body", version: BEFORE_5, hex: "e0 01 00", reasonCode: 0x81 },
  {
    name: "Reason Code of another packet in DISCONNECT [MQTT-3.14.2-1]",
    version: 5,
    hex: "e0 01 10",
    reasonCode: 0x82,
  },
  { name: "DISCONNECT with a byte too many", version: 5, hex: "e0 03 00 00 00", reasonCode: 0x81 },
  {
    name: "DISCONNECT shorter than its properties",
    version: 5,
    hex: "e0 02 00 01",
    reasonCode: 0x81,
  },
  { name: "flags of DISCONNECT [MQTT-3.14.1-1]", version: 5, hex: "e1 00", reasonCode: 0x81 },
  {
    name: "flags of DISCONNECT [v3 MQTT-3.14.1-1]",
    version: BEFORE_5,
    hex: "e8 00",
    reasonCode: 0x81,
  },
]);

testGolden([
  { name: "PINGREQ", version: ALL, hex: "c0 00", packet: { type: "pingreq" } },
  { name: "PINGRESP", version: ALL, hex: "d0 00", packet: { type: "pingresp" } },
  {
    name: "PINGREQ with two bytes of Remaining Length",
    version: ALL,
    hex: "c0 80 00",
    packet: { type: "pingreq" },
    decodeOnly: true,
  },
  { name: "PINGREQ with a body", version: ALL, hex: "c0 01 00", reasonCode: 0x81 },
  { name: "PINGRESP with a body", version: ALL, hex: "d0 01 00", reasonCode: 0x81 },
  { name: "flags of PINGREQ [v3 MQTT-2.2.2-2]", version: 4, hex: "c1 00", reasonCode: 0x81 },
  { name: "flags of PINGRESP [MQTT-2.1.3-1]", version: 5, hex: "d2 00", reasonCode: 0x81 },
]);

testGolden([
  { name: "AUTH of two bytes", version: 5, hex: "f0 00", packet: auth },
  {
    name: "AUTH continues [MQTT-3.15.2-1]",
    version: 5,
    hex: "f0 0b 18 09 15 0001 'm' 16 0002 00ff",
    packet: {
      ...auth,
      reasonCode: 0x18,
      properties: { authenticationMethod: "m", authenticationData: fromHex("00ff") },
    },
  },
  {
    name: "AUTH with all properties",
    version: 5,
    hex: "f0 14 19 12 15 0001 'm' 16 0000 1f 0002 'go' 26 0001 'a' 0000",
    packet: {
      ...auth,
      reasonCode: 0x19,
      properties: {
        authenticationMethod: "m",
        authenticationData: fromHex(""),
        reasonString: "go",
        userProperties: [["a", ""]],
      },
    },
  },
  {
    name: "AUTH with empty properties",
    version: 5,
    hex: "f0 02 18 00",
    packet: { ...auth, reasonCode: 0x18 },
  },
  { name: "AUTH before 5.0", version: BEFORE_5, hex: "f0 00", reasonCode: 0x81 },
  { name: "AUTH without Property Length", version: 5, hex: "f0 01 18", reasonCode: 0x81 },
  {
    name: "Reason Code of another packet in AUTH [MQTT-3.15.2-1]",
    version: 5,
    hex: "f0 02 87 00",
    reasonCode: 0x82,
  },
  { name: "AUTH with a byte too many", version: 5, hex: "f0 03 18 00 00", reasonCode: 0x81 },
  { name: "flags of AUTH [MQTT-3.15.1-1]", version: 5, hex: "f2 02 18 00", reasonCode: 0x81 },
]);

Deno.test("AUTH cannot be encoded before 5.0", () => {
  for (const version of BEFORE_5) assert.throws(() => encodePacket(auth, version), EncodeError);
});

Deno.test("Reason Code and properties of a DISCONNECT are left out before 5.0", () => {
  for (const version of BEFORE_5) {
    assert.deepEqual(encodePacket({ ...disconnect, reasonCode: 0x8b }, version), fromHex("e0 00"));
  }
});
