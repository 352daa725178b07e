import type { Connect } from "../../lib/codec/mod.ts";
import { fromHex, type Golden, testGolden } from "./golden.ts";

const minimal: Connect = {
  type: "connect",
  protocolVersion: 4,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: "",
};
const will = { topicName: "w/t", payload: fromHex("'bye'"), qos: 0, retain: false } as const;

// A CONNECT tells its own version: the one that the decoder is called with must not matter.
testGolden([
  {
    name: "MQIsdp level 3",
    version: 3,
    hex: "10 17 0006 'MQIsdp' 03 02 003c 0009 'client-31'",
    packet: { ...minimal, protocolVersion: 3, keepAliveSeconds: 60, clientId: "client-31" },
  },
  ...["11", "12", "1d"].map((first): Golden => ({
    name: `MQIsdp level 3 with the first byte ${first}, whose flags 3.1 does not use`,
    version: [3, 4, 5],
    hex: `${first} 0f 0006 'MQIsdp' 03 02 003c 0001 'a'`,
    packet: { ...minimal, protocolVersion: 3, keepAliveSeconds: 60, clientId: "a" },
    decodeOnly: true,
  })),
  {
    name: "level 4, no Client Identifier [v3 MQTT-3.1.3-3]",
    version: [3, 4, 5],
    hex: "10 0c 0004 'MQTT' 04 02 0000 0000",
    packet: minimal,
  },
  {
    name: "level 5, no Client Identifier, no properties [MQTT-3.1.3-3] [MQTT-2.2.2-1]",
    version: [3, 4, 5],
    hex: "10 0d 0004 'MQTT' 05 02 0000 00 0000",
    packet: { ...minimal, protocolVersion: 5 },
  },
  {
    name: "level 0x84, a bridge of mosquitto",
    version: 4,
    hex: "10 0d 0004 'MQTT' 84 02 0000 0001 'b'",
    packet: { ...minimal, clientId: "b", isBridge: true },
  },
  {
    name: "MQIsdp level 0x83, a bridge of mosquitto",
    version: 3,
    hex: "10 0f 0006 'MQIsdp' 83 02 0000 0001 'b'",
    packet: { ...minimal, protocolVersion: 3, clientId: "b", isBridge: true },
  },
  {
    name: "without Clean Session",
    version: 4,
    hex: "10 0d 0004 'MQTT' 04 00 ffff 0001 'c'",
    packet: { ...minimal, cleanStart: false, keepAliveSeconds: 65_535, clientId: "c" },
  },
  {
    name: "Client Identifier in UTF-8 [v3 MQTT-3.1.3-4]",
    version: 4,
    hex: "10 10 0004 'MQTT' 04 02 0000 0004 'a' e2 82 ac",
    packet: { ...minimal, clientId: "a€" },
  },
  {
    name: "Client Identifier in UTF-8 [MQTT-3.1.3-4]",
    version: 5,
    hex: "10 11 0004 'MQTT' 05 02 0000 00 0004 f0 aa 9b 94",
    packet: { ...minimal, protocolVersion: 5, clientId: "\u{2a6d4}" },
  },
  {
    name: "user name and password [v3 MQTT-3.1.2-19] [v3 MQTT-3.1.2-21]",
    version: 4,
    hex: "10 16 0004 'MQTT' 04 c2 0000 0001 'c' 0003 'bob' 0002 00ff",
    packet: { ...minimal, clientId: "c", userName: "bob", password: fromHex("00ff") },
  },
  {
    name: "user name alone [v3 MQTT-3.1.2-20]",
    version: 4,
    hex: "10 12 0004 'MQTT' 04 82 0000 0001 'c' 0003 'bob'",
    packet: { ...minimal, clientId: "c", userName: "bob" },
  },
  {
    name: "empty user name and empty password",
    version: 4,
    hex: "10 10 0004 'MQTT' 04 c2 0000 0000 0000 0000",
    packet: { ...minimal, userName: "", password: fromHex("") },
  },
  {
    name: "user name and password [MQTT-3.1.2-17] [MQTT-3.1.2-19]",
    version: 5,
    hex: "10 17 0004 'MQTT' 05 c2 0000 00 0001 'c' 0003 'bob' 0002 00ff",
    packet: {
      ...minimal,
      protocolVersion: 5,
      clientId: "c",
      userName: "bob",
      password: fromHex("00ff"),
    },
  },
  {
    name: "password without user name is allowed in 5.0 [MQTT-3.1.2-16]",
    version: 5,
    hex: "10 10 0004 'MQTT' 05 42 0000 00 0000 0001 'p'",
    packet: { ...minimal, protocolVersion: 5, password: fromHex("'p'") },
  },
  {
    name: "will of QoS 0 [v3 MQTT-3.1.2-9]",
    version: 4,
    hex: "10 17 0004 'MQTT' 04 06 0000 0001 'c' 0003 'w/t' 0003 'bye'",
    packet: { ...minimal, clientId: "c", will },
  },
  {
    name: "retained will of QoS 2, empty payload [v3 MQTT-3.1.2-14]",
    version: 4,
    hex: "10 14 0004 'MQTT' 04 36 0000 0001 'c' 0003 'w/t' 0000",
    packet: {
      ...minimal,
      clientId: "c",
      will: { ...will, payload: fromHex(""), qos: 2, retain: true },
    },
  },
  {
    name: "will, user name and password in their order [v3 MQTT-3.1.3-1]",
    version: 4,
    hex: "10 1d 0004 'MQTT' 04 ee 0000 0001 'c' 0003 'w/t' 0003 'bye' 0001 'u' 0001 'p'",
    packet: {
      ...minimal,
      clientId: "c",
      will: { ...will, qos: 1, retain: true },
      userName: "u",
      password: fromHex("'p'"),
    },
  },
  {
    name: "will of 3.1",
    version: 3,
    hex: "10 19 0006 'MQIsdp' 03 0e 0000 0001 'c' 0003 'w/t' 0003 'bye'",
    packet: { ...minimal, protocolVersion: 3, clientId: "c", will: { ...will, qos: 1 } },
  },
  {
    name: "will of QoS 1 without properties [MQTT-3.1.2-9] [MQTT-3.1.2-12]",
    version: 5,
    hex: "10 19 0004 'MQTT' 05 0e 0000 00 0001 'c' 00 0003 'w/t' 0003 'bye'",
    packet: { ...minimal, protocolVersion: 5, clientId: "c", will: { ...will, qos: 1 } },
  },
  {
    name: "properties, will properties, user name and password in their order [MQTT-3.1.3-1]",
    version: 5,
    hex: "10 34 0004 'MQTT' 05 ee 001e 05 11 00000e10 0001 'c' " +
      "10 18 0000000a 01 01 26 0001 'k' 0003 'val' 0003 'w/t' 0003 'bye' 0001 'u' 0001 'p'",
    packet: {
      ...minimal,
      protocolVersion: 5,
      keepAliveSeconds: 30,
      clientId: "c",
      will: {
        ...will,
        qos: 1,
        retain: true,
        properties: {
          willDelayInterval: 10,
          payloadFormatIndicator: 1,
          userProperties: [["k", "val"]],
        },
      },
      userName: "u",
      password: fromHex("'p'"),
      properties: { sessionExpiryInterval: 3600 },
    },
  },
  {
    name: "all properties of CONNECT",
    version: 5,
    hex: "10 39 0004 'MQTT' 05 02 0000 2c 11 ffffffff 21 0014 27 00001000 22 000a 19 01 17 00 " +
      "26 0001 'a' 0001 'b' 26 0001 'a' 0000 15 0003 'abc' 16 0002 0001 0000",
    packet: {
      ...minimal,
      protocolVersion: 5,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 20,
        maximumPacketSize: 4096,
        topicAliasMaximum: 10,
        requestResponseInformation: true,
        requestProblemInformation: false,
        userProperties: [["a", "b"], ["a", ""]],
        authenticationMethod: "abc",
        authenticationData: fromHex("0001"),
      },
    },
  },
  {
    name: "user name flag of 3.1 without the user name",
    version: 3,
    hex: "10 0f 0006 'MQIsdp' 03 c2 0000 0001 'c'",
    packet: { ...minimal, protocolVersion: 3, clientId: "c" },
    decodeOnly: true,
  },
  {
    name: "password flag of 3.1 without the password",
    version: 3,
    hex: "10 12 0006 'MQIsdp' 03 c2 0000 0001 'c' 0001 'u'",
    packet: { ...minimal, protocolVersion: 3, clientId: "c", userName: "u" },
    decodeOnly: true,
  },
  {
    name: "Remaining Length in four bytes where one would do",
    version: 4,
    hex: "10 8c 80 80 00 0004 'MQTT' 04 02 0000 0000",
    packet: minimal,
    decodeOnly: true,
  },
  {
    name: "Property Length in two bytes where one would do",
    version: 5,
    hex: "10 0e 0004 'MQTT' 05 02 0000 80 00 0000",
    packet: { ...minimal, protocolVersion: 5 },
    decodeOnly: true,
  },
]);

testGolden(
  [["flag that 3.1 does not use", "03"], ["QoS and RETAIN of a will that is not there", "3a"]]
    .map(([what, flags]) => ({
      name: `${what}: disregarded`,
      version: 3,
      hex: `10 0f 0006 'MQIsdp' 03 ${flags} 003c 0001 'a'`,
      packet: {
        type: "connect",
        protocolVersion: 3,
        cleanStart: true,
        keepAliveSeconds: 60,
        clientId: "a",
      },
      decodeOnly: true,
    })),
);

const UNSUPPORTED = 0x84;
const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;

testGolden([
  {
    name: "level 6 is not supported",
    version: 5,
    hex: "10 0d 0004 'MQTT' 06 02 0000 00 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "level 3 with the name of 3.1.1 is not supported",
    version: 4,
    hex: "10 0c 0004 'MQTT' 03 02 0000 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "level 0x85 is not supported",
    version: 4,
    hex: "10 0d 0004 'MQTT' 85 02 0000 00 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "MQIsdp level 0x84 is not supported",
    version: 3,
    hex: "10 0e 0006 'MQIsdp' 84 02 0000 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "MQIsdp level 4 is not supported",
    version: 3,
    hex: "10 0e 0006 'MQIsdp' 04 02 0000 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "another protocol name is not supported [MQTT-3.1.2-1]",
    version: 5,
    hex: "10 0d 0004 'mqtt' 05 02 0000 00 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "another protocol name is not supported [v3 MQTT-3.1.2-1]",
    version: 4,
    hex: "10 0c 0004 'MQTX' 04 02 0000 0000",
    reasonCode: UNSUPPORTED,
  },
  {
    name: "reserved flag [v3 MQTT-3.1.2-3]",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 03 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "reserved flag [MQTT-3.1.2-3]",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 03 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will QoS without a will [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-11]",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 0a 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will RETAIN without a will [v3 MQTT-3.1.2-15] [v3 MQTT-3.1.2-11]",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 22 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will QoS without a will [MQTT-3.1.2-11]",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 12 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will RETAIN without a will [MQTT-3.1.2-13]",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 22 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will QoS 3 [v3 MQTT-3.1.2-14]",
    version: 4,
    hex: "10 17 0004 'MQTT' 04 1e 0000 0001 'c' 0003 'w/t' 0003 'bye'",
    reasonCode: MALFORMED,
  },
  {
    name: "will QoS 3 [MQTT-3.1.2-12]",
    version: 5,
    hex: "10 19 0004 'MQTT' 05 1e 0000 00 0001 'c' 00 0003 'w/t' 0003 'bye'",
    reasonCode: MALFORMED,
  },
  {
    name: "password without user name [v3 MQTT-3.1.2-22]",
    version: 4,
    hex: "10 0f 0004 'MQTT' 04 42 0000 0000 0001 'p'",
    reasonCode: MALFORMED,
  },
  {
    name: "will flag, but no will [v3 MQTT-3.1.2-9]",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 06 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will flag, but no will [MQTT-3.1.2-9]",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 06 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "will without the flag [v3 MQTT-3.1.2-11]",
    version: 4,
    hex: "10 16 0004 'MQTT' 04 02 0000 0000 0003 'w/t' 0003 'bye'",
    reasonCode: MALFORMED,
  },
  {
    name: "user name flag, but no user name [v3 MQTT-3.1.2-19]",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 82 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "user name flag, but no user name [MQTT-3.1.2-17]",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 82 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "password flag, but no password [v3 MQTT-3.1.2-21]",
    version: 4,
    hex: "10 0f 0004 'MQTT' 04 c2 0000 0000 0001 'u'",
    reasonCode: MALFORMED,
  },
  {
    name: "password flag, but no password [MQTT-3.1.2-19]",
    version: 5,
    hex: "10 10 0004 'MQTT' 05 c2 0000 00 0000 0001 'u'",
    reasonCode: MALFORMED,
  },
  {
    name: "user name without the flag [v3 MQTT-3.1.2-18]",
    version: 4,
    hex: "10 0f 0004 'MQTT' 04 02 0000 0000 0001 'u'",
    reasonCode: MALFORMED,
  },
  {
    name: "user name without the flag [MQTT-3.1.2-16]",
    version: 5,
    hex: "10 10 0004 'MQTT' 05 02 0000 00 0000 0001 'u'",
    reasonCode: MALFORMED,
  },
  {
    name: "password without the flag [v3 MQTT-3.1.2-20]",
    version: 4,
    hex: "10 12 0004 'MQTT' 04 82 0000 0000 0001 'u' 0001 'p'",
    reasonCode: MALFORMED,
  },
  {
    name: "password without the flag [MQTT-3.1.2-18]",
    version: 5,
    hex: "10 13 0004 'MQTT' 05 82 0000 00 0000 0001 'u' 0001 'p'",
    reasonCode: MALFORMED,
  },
  {
    name: "no Client Identifier at all [v3 MQTT-3.1.3-3]",
    version: 4,
    hex: "10 0a 0004 'MQTT' 04 02 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "no Client Identifier at all [MQTT-3.1.3-3]",
    version: 5,
    hex: "10 0b 0004 'MQTT' 05 02 0000 00",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed Client Identifier [v3 MQTT-3.1.3-4]",
    version: 4,
    hex: "10 0d 0004 'MQTT' 04 02 0000 0001 ff",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed Client Identifier [MQTT-3.1.3-4]",
    version: 5,
    hex: "10 0e 0004 'MQTT' 05 02 0000 00 0001 ff",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed Will Topic [v3 MQTT-3.1.3-10]",
    version: 4,
    hex: "10 11 0004 'MQTT' 04 06 0000 0000 0001 ff 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed Will Topic [MQTT-3.1.3-11]",
    version: 5,
    hex: "10 13 0004 'MQTT' 05 06 0000 00 0000 00 0001 ff 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed User Name [v3 MQTT-3.1.3-11]",
    version: 4,
    hex: "10 0f 0004 'MQTT' 04 82 0000 0000 0001 ff",
    reasonCode: MALFORMED,
  },
  {
    name: "ill-formed User Name [MQTT-3.1.3-12]",
    version: 5,
    hex: "10 10 0004 'MQTT' 05 82 0000 00 0000 0001 ff",
    reasonCode: MALFORMED,
  },
  { name: "empty CONNECT", version: 4, hex: "10 00", reasonCode: MALFORMED },
  { name: "protocol name only", version: 4, hex: "10 06 0004 'MQTT'", reasonCode: MALFORMED },
  {
    name: "bytes behind the last field",
    version: 4,
    hex: "10 0d 0004 'MQTT' 04 02 0000 0000 00",
    reasonCode: MALFORMED,
  },
  {
    name: "bytes behind the last field",
    version: 5,
    hex: "10 0e 0004 'MQTT' 05 02 0000 00 0000 00",
    reasonCode: MALFORMED,
  },
  {
    name: "reserved flags of the fixed header [v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2]",
    version: 4,
    hex: "11 0c 0004 'MQTT' 04 02 0000 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "reserved flags of the first byte, level 5 [MQTT-2.1.3-1]",
    version: 4,
    hex: "12 0d 0004 'MQTT' 05 02 0000 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "QoS 3 in the first byte, level 3",
    version: 4,
    hex: "16 0f 0006 'MQIsdp' 03 02 003c 0001 'a'",
    reasonCode: MALFORMED,
  },
  {
    name: "properties longer than the packet",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 02 0000 7f 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "Property Length of five bytes",
    version: 5,
    hex: "10 11 0004 'MQTT' 05 02 0000 80 80 80 80 00 0000",
    reasonCode: MALFORMED,
  },
  {
    name: "authenticationData without authenticationMethod",
    version: 5,
    hex: "10 11 0004 'MQTT' 05 02 0000 04 16 0001 00 0000",
    reasonCode: PROTOCOL_ERROR,
  },
]);
