import { strict as assert } from "node:assert";
import {
  encodeInto,
  encodePacket,
  type Packet,
  packetSize,
  type ProtocolVersion,
} from "../../lib/codec/mod.ts";

const payload = new Uint8Array(0);
const publish = {
  type: "publish",
  topicName: "a",
  payload,
  qos: 1,
  retain: false,
  dup: false,
  packetId: 1,
  properties: undefined,
} as const;
const connect = {
  type: "connect",
  protocolVersion: 4,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: "",
} as const;
const will = { topicName: "w", payload, qos: 0, retain: false } as const;

/** Packets that cannot be put on the wire: never an `MqttError`, which would be the peer's fault. */
// deno-fmt-ignore
const REFUSED: [why: string, version: ProtocolVersion, field: string, packet: unknown][] = [
  ["PUBLISH of QoS 1 with Packet Identifier 0 [v3 MQTT-2.3.1-1]", 4, "packetId", { ...publish, packetId: 0 }],
  ["PUBLISH of QoS 2 with Packet Identifier 65536", 5, "packetId", { ...publish, qos: 2, packetId: 65_536 }],
  ["PUBLISH of QoS 3 [MQTT-3.3.1-4]", 5, "qos", { ...publish, qos: 3 }],
  ["PUBLISH of QoS 0 with DUP [MQTT-3.3.1-2]", 5, "dup", { ...publish, qos: 0, dup: true }],
  ["PUBACK with Packet Identifier 0", 4, "packetId", { type: "puback", packetId: 0, reasonCode: 0 }],
  ["PUBREL with Packet Identifier 0.5", 5, "packetId", { type: "pubrel", packetId: 0.5, reasonCode: 0 }],
  ["SUBSCRIBE with Packet Identifier 0", 5, "packetId", { type: "subscribe", packetId: 0, subscriptions: [{ topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }] }],
  ["SUBSCRIBE without a Topic Filter [MQTT-3.8.3-2]", 5, "subscriptions", { type: "subscribe", packetId: 1, subscriptions: [] }],
  ["SUBACK with Packet Identifier 0", 5, "packetId", { type: "suback", packetId: 0, reasonCodes: [0] }],
  ["SUBACK with a Reason Code of two bytes", 5, "reasonCodes", { type: "suback", packetId: 1, reasonCodes: [256] }],
  ["UNSUBSCRIBE with Packet Identifier 0", 5, "packetId", { type: "unsubscribe", packetId: 0, topicFilters: ["a"] }],
  ["UNSUBSCRIBE without a Topic Filter [MQTT-3.10.3-2]", 4, "topicFilters", { type: "unsubscribe", packetId: 1, topicFilters: [] }],
  ["UNSUBACK with Packet Identifier 0", 4, "packetId", { type: "unsuback", packetId: 0, reasonCodes: [] }],
  ["CONNECT with a Keep Alive above 65,535 seconds", 4, "keepAliveSeconds", { ...connect, keepAliveSeconds: 65_536 }],
  ["CONNECT with a will of QoS 3 [v3 MQTT-3.1.2-14]", 4, "will.qos", { ...connect, will: { ...will, qos: 3 } }],
  ["CONNECT with a will above 65,535 bytes", 4, "will.payload", { ...connect, will: { ...will, payload: new Uint8Array(65_536) } }],
  ["CONNECT of 3.1.1 with a password alone [v3 MQTT-3.1.2-22]", 4, "password", { ...connect, password: payload }],
  ["CONNECT with an ill-formed Client Identifier [v3 MQTT-1.5.3-1]", 4, "clientId", { ...connect, clientId: "\ud800" }],
  ["CONNECT with U+0000 in its User Name [MQTT-1.5.4-2]", 5, "userName", { ...connect, protocolVersion: 5, userName: "\0" }],
  ["PUBLISH with U+0000 in its Topic Name [MQTT-1.5.4-2]", 5, "topicName", { ...publish, topicName: "\0" }],
];

for (const [why, version, field, packet] of REFUSED) {
  Deno.test(`is not encoded: ${why}`, () => {
    const target = new Uint8Array(100_000);
    const error = { name: "EncodeError", field };
    assert.throws(() => encodeInto(packet as Packet, version, target, 0), error);
    assert(target.every((byte) => byte === 0), "something was written");
    assert.throws(() => encodePacket(packet as Packet, version), error);
  });
}

Deno.test("a payload of millions of bytes has four bytes of Remaining Length", () => {
  const packet: Packet = { ...publish, payload: new Uint8Array(3_000_000) };
  assert.equal(packetSize(packet, 4), 1 + 4 + 3 + 2 + 3_000_000);
  assert.equal(encodePacket(packet, 4).length, 3_000_010);
});
