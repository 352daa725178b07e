import { Exchange, testExchange } from "../support/exchange.ts";

/** a has done something already; b is there to notice nothing. */
const TWO = `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 #
  b< SUBACK id=1 0
`;

const faults: [what: string, sent: string, reason: string][] = [
  ["QoS 3 [MQTT-3.3.1-4]", "hex 36 05 00 01 't' 00 01", "MalformedPacket"],
  ["DUP at QoS 0 [MQTT-3.3.1-2]", "hex 38 04 00 01 't' 00", "MalformedPacket"],
  ["a topic that is not UTF-8 [MQTT-1.5.4-1]", "hex 30 05 00 02 c0 80 00", "MalformedPacket"],
  ["Packet Identifier 0", "hex 32 06 00 01 't' 00 00 00", "MalformedPacket"],
  [
    "SUBSCRIBE with wrong flags [MQTT-3.8.1-1]",
    "hex 80 07 00 01 00 00 01 't' 00",
    "MalformedPacket",
  ],
  ["SUBSCRIBE of nothing [MQTT-3.8.3-2]", "hex 82 03 00 01 00", "ProtocolError"],
  ["reserved option bits [MQTT-3.8.3-5]", "hex 82 07 00 01 00 00 01 't' 40", "MalformedPacket"],
  ["UNSUBSCRIBE of nothing [MQTT-3.10.3-2]", "hex a2 03 00 01 00", "ProtocolError"],
  ["PUBREL with wrong flags [MQTT-3.6.1-1]", "hex 60 02 00 01", "MalformedPacket"],
  ["DISCONNECT with wrong flags [MQTT-3.14.1-1]", "hex e1 00", "MalformedPacket"],
  ["AUTH with wrong flags [MQTT-3.15.1-1]", "hex f1 00", "MalformedPacket"],
  ["a Reason Code that PUBACK does not have [MQTT-3.4.2-1]", "hex 40 03 00 01 01", "ProtocolError"],
  ["packet type 0", "hex 00 00", "MalformedPacket"],
  ["a fifth byte of Remaining Length", "hex 30 80 80 80 80 01", "MalformedPacket"],
  ["a property twice", "hex 30 08 00 01 't' 04 01 00 01 00", "ProtocolError"],
  ["a property of another packet", "hex 30 09 00 01 't' 05 11 00 00 00 09", "MalformedPacket"],
  ["what only a server sends: CONNACK", "CONNACK", "ProtocolError"],
  ["what only a server sends: SUBACK", "SUBACK id=1 0", "ProtocolError"],
  ["what only a server sends: UNSUBACK", "UNSUBACK id=1 0", "ProtocolError"],
  ["what only a server sends: PINGRESP", "PINGRESP", "ProtocolError"],
];
for (const [what, sent, reason] of faults) {
  testExchange(
    `A client is told and closed, and what it sent before has happened, nothing after: ${what} ` +
      "[MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT-3.14.4-2]",
    `${TWO}
    a> PUBLISH t before
    b< PUBLISH t before
    a> ${sent}
    a< DISCONNECT ${reason}
    a! closed
    b> PINGREQ
    b< PINGRESP
    a> CONNECT
    a< CONNACK
    `,
  );
}

testExchange(
  "After a fault the rest of the same read is not handled [MQTT-4.13.1-1] [MQTT-3.14.4-1]",
  `${TWO}
  a> PUBLISH t 1 & CONNECT & PUBLISH t 2 & PINGREQ
  b< PUBLISH t 1
  a< DISCONNECT ProtocolError
  a! closed
  `,
);

testExchange(
  "After its own DISCONNECT nothing of a client is handled, and it is closed",
  `${TWO}
  a> PUBLISH t 1 & DISCONNECT & PUBLISH t 2
  b< PUBLISH t 1
  a! closed
  `,
);

testExchange(
  "After a DISCONNECT nothing is sent: not what is published meanwhile, nor its own will [MQTT-3.14.4-1]",
  `
  a> CONNECT sessionExpiryInterval=60 will.topic=t will.payload=gone
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a> CONNECT
  a< DISCONNECT ProtocolError
  a! closed
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1 1
  b< PUBACK id=1
  a< nothing
  `,
);

Deno.test("Who is being authenticated when the broker shuts down hears 0x88: CONNACK has no 0x8B [MQTT-3.2.2-8]", () => {
  const exchange = new Exchange({ access: { authenticate: () => {} } }).play(`
    a> CONNECT
    a< nothing
    b> CONNECT v=4
    b< nothing
  `);
  exchange.test.broker.shutDown(exchange.test.nowMs);
  exchange.play(`
    a< CONNACK ServerUnavailable
    a! closed
    b< CONNACK 3
    b! closed
  `);
});

Deno.test("A broker that shuts down tells its clients 0x8B, and lets nobody in", () => {
  const exchange = new Exchange().play(`${TWO}
    c> CONNECT v=4
    c< CONNACK
    d opens
  `);
  exchange.test.broker.shutDown(exchange.test.nowMs);
  exchange.play(`
    a< DISCONNECT ServerShuttingDown
    a! closed
    b< DISCONNECT ServerShuttingDown
    b! closed
    c! closed
    d! closed
    e opens
    e! closed
  `);
});
