import { strict as assert } from "node:assert";
import { type Connack, EncodeError, encodePacket } from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const accepted: Connack = { type: "connack", sessionPresent: false, reasonCode: 0 };

testGolden([
  { name: "CONNACK accepts", version: BEFORE_5, hex: "20 02 00 00", packet: accepted },
  {
    name: "CONNACK accepts, Session Present",
    version: 4,
    hex: "20 02 01 00",
    packet: { ...accepted, sessionPresent: true },
  },
  {
    name: "CONNACK refuses the user",
    version: BEFORE_5,
    hex: "20 02 00 05",
    packet: { ...accepted, reasonCode: 5 },
  },
  {
    name: "the reserved byte of a CONNACK of 3.1 has no meaning",
    version: 3,
    hex: "20 02 01 00",
    packet: accepted,
    decodeOnly: true,
  },
  {
    name: "CONNACK without properties [MQTT-2.2.2-1]",
    version: 5,
    hex: "20 03 00 00 00",
    packet: accepted,
  },
  {
    name: "CONNACK refuses with a Reason String",
    version: 5,
    hex: "20 08 00 87 05 1f 0002 'no'",
    packet: { ...accepted, reasonCode: 0x87, properties: { reasonString: "no" } },
  },
  {
    name: "CONNACK with all properties",
    version: 5,
    hex: "20 4d 01 00 4a 11 00000001 21 0002 24 01 25 00 27 00000003 12 0001 'c' 22 0004 " +
      "1f 0001 'r' 26 0001 'a' 0001 'b' 28 00 29 01 2a 00 13 0005 1a 0001 'i' 1c 0001 's' " +
      "15 0001 'm' 16 0001 00 26 0001 'c' 0001 'd' 26 0001 'e' 0001 'f'",
    packet: {
      ...accepted,
      sessionPresent: true,
      properties: {
        sessionExpiryInterval: 1,
        receiveMaximum: 2,
        maximumQos: 1,
        retainAvailable: false,
        maximumPacketSize: 3,
        assignedClientIdentifier: "c",
        topicAliasMaximum: 4,
        reasonString: "r",
        userProperties: [["a", "b"], ["c", "d"], ["e", "f"]],
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifierAvailable: true,
        sharedSubscriptionAvailable: false,
        serverKeepAlive: 5,
        responseInformation: "i",
        serverReference: "s",
        authenticationMethod: "m",
        authenticationData: fromHex("00"),
      },
    },
    decodeOnly: true, // the encoder keeps User Properties together
  },
  {
    name: "reserved bits of the acknowledge flags [MQTT-3.2.2-1]",
    version: 5,
    hex: "20 03 02 00 00",
    reasonCode: 0x81,
  },
  {
    name: "reserved bits of the acknowledge flags",
    version: 4,
    hex: "20 02 80 00",
    reasonCode: 0x81,
  },
  { name: "Return Code 6 of CONNACK", version: BEFORE_5, hex: "20 02 00 06", reasonCode: 0x81 },
  {
    name: "Reason Code of another packet in CONNACK [MQTT-3.2.2-8]",
    version: 5,
    hex: "20 03 00 8e 00",
    reasonCode: 0x82,
  },
  { name: "CONNACK without its last byte", version: ALL, hex: "20 01 00", reasonCode: 0x81 },
  { name: "CONNACK without Property Length", version: 5, hex: "20 02 00 00", reasonCode: 0x81 },
  {
    name: "CONNACK with a byte too many",
    version: BEFORE_5,
    hex: "20 03 00 00 00",
    reasonCode: 0x81,
  },
  { name: "flags of CONNACK [MQTT-2.1.3-1]", version: 5, hex: "22 03 00 00 00", reasonCode: 0x81 },
]);

Deno.test("a CONNACK of 3.1 cannot tell Session Present, and does not", () => {
  assert.deepEqual(
    encodePacket({ ...accepted, sessionPresent: true }, 3),
    fromHex("20 02 00 00"),
  );
});

Deno.test("properties of a CONNACK are left out before 5.0", () => {
  const packet: Connack = { ...accepted, properties: { receiveMaximum: 1 } };
  for (const version of BEFORE_5) {
    assert.deepEqual(encodePacket(packet, version), fromHex("20 02 00 00"));
  }
});

Deno.test("a Reason Code of 5.0 does not fit into a CONNACK before it", () => {
  assert.throws(() => encodePacket({ ...accepted, reasonCode: 0x87 }, 4), EncodeError);
});
