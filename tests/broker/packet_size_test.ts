import { strict as assert } from "node:assert";
import type { Packet } from "../../lib/codec/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

testExchange(
  "A message too large for a client is dropped for it alone, as if delivered, and counted " +
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25]",
  `
  a> CONNECT maximumPacketSize=20 receiveMaximum=1
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 t
  b< SUBACK id=1 0
  b> PUBLISH t size=14           (2 + 3 + 1 + 14 are 20 bytes)
  a< PUBLISH t size=14
  b< PUBLISH t size=14
  b> PUBLISH t size=15
  b< PUBLISH t size=15
  b> PUBLISH t qos=1 id=1 size=13
  b< PUBLISH t size=13
  b< PUBACK id=1
  b> PUBLISH t qos=2 id=1 size=13
  b< PUBLISH t size=13
  b< PUBREC id=1
  dropped packet_too_large=3
  b> PUBLISH t qos=1 id=2 size=12
  b< PUBLISH t size=12
  b< PUBACK id=2
  a< PUBLISH t qos=1 id=3 size=12     (the quota was not used up)
  `,
);

testExchange(
  "What grew too large while the client was away is dropped when its turn comes [MQTT-3.1.2-25]",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  a> PUBLISH t qos=2 id=1 size=100
  a< PUBLISH t qos=2 id=1 size=100
  a< PUBREC id=1
  a x
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1 size=100 & PUBLISH t qos=1 id=2 "1"
  b< PUBACK id=1
  b< PUBACK id=2
  b> PUBLISH u retain size=100 & PUBLISH u/1 retain "1"
  a> CONNECT sessionExpiryInterval=60 maximumPacketSize=50
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=3 "1"
  a> SUBSCRIBE id=2 u/#
  a< SUBACK id=2 0
  a< PUBLISH u/1 retain "1"
  dropped packet_too_large=3
  `,
);

testExchange(
  "An alias is used where the packet fits with it [MQTT-3.1.2-24]",
  `
  a> CONNECT maximumPacketSize=20 topicAliasMaximum=5
  a< CONNACK
  a> SUBSCRIBE id=1 t
  a< SUBACK id=1 0
  a> PUBLISH t size=12
  a< PUBLISH t size=12
  a> PUBLISH t size=10
  a< PUBLISH t topicAlias=1 size=10
  a> PUBLISH t size=10
  a< PUBLISH "" topicAlias=1 size=10
  `,
);

testExchange(
  "A Reason String that would make CONNACK or DISCONNECT too large is left out, and all goes on as ever " +
    "[MQTT-3.2.2-19] [MQTT-3.14.2-3] [MQTT-3.14.4-2]",
  `
  a> CONNECT will.topic=w/#
  a< CONNACK TopicNameInvalid reasonString=*
  a! closed
  a> CONNECT will.topic=w/# maximumPacketSize=8
  a< CONNACK TopicNameInvalid !reasonString
  a! closed
  b> CONNECT
  b< CONNACK
  b> CONNECT
  b< DISCONNECT ProtocolError reasonString=*
  b! closed
  b> CONNECT maximumPacketSize=14
  b! closed                        (its CONNACK has no room: nobody can talk with it)
  `,
);

testExchange(
  "A client that cannot take the answer to what it asked is told 0x95, and closed [MQTT-3.1.2-24]",
  `
  a> CONNECT maximumPacketSize=20
  a< CONNACK
  a> SUBSCRIBE id=1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
  a< DISCONNECT PacketTooLarge !reasonString
  a! closed
  `,
);

/** Every packet of the broker that may have text for people. */
const packets: [ids: string, packet: Packet][] = [
  ["[MQTT-3.4.2-2] [MQTT-3.4.2-3]", { type: "puback", packetId: 1, reasonCode: 0x97 }],
  ["[MQTT-3.5.2-2] [MQTT-3.5.2-3]", { type: "pubrec", packetId: 1, reasonCode: 0x97 }],
  ["[MQTT-3.6.2-2] [MQTT-3.6.2-3]", { type: "pubrel", packetId: 1, reasonCode: 0x92 }],
  ["[MQTT-3.7.2-2] [MQTT-3.7.2-3]", { type: "pubcomp", packetId: 1, reasonCode: 0x92 }],
  ["[MQTT-3.9.2-1] [MQTT-3.9.2-2]", { type: "suback", packetId: 1, reasonCodes: [0x87] }],
  ["[MQTT-3.11.2-1] [MQTT-3.11.2-2]", { type: "unsuback", packetId: 1, reasonCodes: [0x87] }],
  ["[MQTT-3.2.2-19] [MQTT-3.2.2-20]", { type: "connack", sessionPresent: false, reasonCode: 0 }],
  ["[MQTT-3.14.2-3] [MQTT-3.14.2-4]", { type: "disconnect", reasonCode: 0x98 }],
  ["[MQTT-3.15.2-2] [MQTT-3.15.2-3]", { type: "auth", reasonCode: 0x18 }],
];
const TEXT = {
  reasonString: "Because of this and that",
  userProperties: [["why", "for a long reason"]],
} as const;

for (const [ids, packet] of packets) {
  Deno.test(`${packet.type.toUpperCase()} leaves out text that its client has no room for ${ids}`, () => {
    const send = (connect: string) => {
      const exchange = new Exchange().play(`
        a> ${connect}
        a< CONNACK
      `);
      const { connection } = exchange.link("a");
      exchange.test.turn(() => connection!.outbox.send({ ...packet, properties: TEXT } as Packet));
      return exchange.link("a").take();
    };
    assert.deepEqual(send("CONNECT"), [{ ...packet, properties: TEXT }]);
    assert.deepEqual(send("CONNECT maximumPacketSize=30"), [packet]);
  });

  const isExempt = packet.type === "connack" || packet.type === "disconnect";
  Deno.test(`${packet.type.toUpperCase()} ${isExempt ? "has" : "has no"} text where Request Problem Information is 0 [MQTT-3.1.2-29]`, () => {
    const exchange = new Exchange().play(`
      a> CONNECT requestProblemInformation=0
      a< CONNACK
    `);
    const { connection } = exchange.link("a");
    exchange.test.turn(() => connection!.outbox.send({ ...packet, properties: TEXT } as Packet));
    const expected = isExempt ? { ...packet, properties: TEXT } : packet;
    assert.deepEqual(exchange.link("a").take(), [expected]);
  });
}

testExchange(
  "PUBLISH keeps its User Properties where Request Problem Information is 0 [MQTT-3.1.2-29]",
  `
  a> CONNECT requestProblemInformation=0
  a< CONNACK
  a> SUBSCRIBE id=1 t
  a< SUBACK id=1 0
  a> PUBLISH t user:a=b
  a< PUBLISH t user:a=b
  `,
);
