import { testExchange } from "../support/exchange.ts";

/** a reads t at QoS 2 in a session that lasts; b publishes. */
const READER = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> CONNECT
  b< CONNACK
`;

testExchange(
  "What is not acknowledged is sent again on resuming, and only then, in order, with its Packet Identifier and DUP " +
    "[MQTT-4.4.0-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-3.3.1-1] [MQTT-4.1.0-1]",
  `${READER}
  b> PUBLISH t qos=1 id=1 "1"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=1 "1"
  b> PUBLISH t qos=2 id=2 "2"
  b< PUBREC id=2
  a< PUBLISH t qos=2 id=2 "2"
  b> PUBLISH t qos=1 id=3 "3"
  b< PUBACK id=3
  a< PUBLISH t qos=1 id=3 "3"
  wait 1h
  a> PINGREQ
  a< PINGRESP                       (nothing is repeated while the connection lasts)
  a x
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  a< PUBLISH t qos=2 id=2 dup "2"
  a< PUBLISH t qos=1 id=3 dup "3"
  a> PUBACK id=1 & PUBREC id=2 & PUBACK id=3
  a< PUBREL id=2
  `,
);

testExchange(
  "After PUBREC it is the PUBREL that is sent again, and never the PUBLISH " +
    "[MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1]",
  `${READER}
  b> PUBLISH t qos=2 id=1 "1"
  b< PUBREC id=1
  a< PUBLISH t qos=2 id=1 "1"
  a> PUBREC id=1
  a< PUBREL id=1
  a x
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBREL id=1
  a> PUBREC id=1                    (a client that has lost the PUBREL)
  a< PUBREL id=1
  a x
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBREL id=1
  a> PUBCOMP id=1
  a x
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  `,
);

testExchange(
  "PUBREL packets are sent again in the order of the PUBREC packets, and before new messages",
  `${READER}
  b> PUBLISH t qos=2 id=1 "1" & PUBLISH t qos=2 id=2 "2"
  b< PUBREC id=1
  b< PUBREC id=2
  a< PUBLISH t qos=2 id=1 "1"
  a< PUBLISH t qos=2 id=2 "2"
  a> PUBREC id=2 & PUBREC id=1
  a< PUBREL id=2
  a< PUBREL id=1
  a x
  b> PUBLISH t "0" & PUBLISH t qos=1 id=3 "3"
  b< PUBACK id=3
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBREL id=2
  a< PUBREL id=1
  a< PUBLISH t qos=1 id=3 "3"
  dropped offline_qos0=1
  `,
);

testExchange(
  "An acknowledgement of 0x80 or more settles the message: it is not sent again [MQTT-4.4.0-2] [MQTT-4.3.3-4]",
  `${READER}
  b> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=2 id=2 "2"
  b< PUBACK id=1
  b< PUBREC id=2
  a< PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=2 id=2 "2"
  a> PUBACK id=1 PayloadFormatInvalid
  a> PUBREC id=2 UnspecifiedError
  a x
  a> CONNECT
  a< CONNACK sessionPresent
  `,
);

testExchange(
  "A new message gets a Packet Identifier that is not in use [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]",
  `${READER}
  b> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=2 id=2 "2"
  b< PUBACK id=1
  b< PUBREC id=2
  a< PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=2 id=2 "2"
  a> PUBACK id=1
  b> PUBLISH t qos=1 id=1 "3"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=3 "3"
  `,
);

testExchange(
  "The Receive Maximum of the client is kept, redeliveries count; QoS 0 and other packets are not delayed " +
    "[MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3]",
  `
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=2
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=2 id=2 "2" & PUBLISH t qos=1 id=3 "3" & PUBLISH t qos=1 id=4 "4"
  b< PUBACK id=1
  b< PUBREC id=2
  b< PUBACK id=3
  b< PUBACK id=4
  a< PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=2 id=2 "2"
  b> PUBLISH t "0"
  a< PUBLISH t "0"
  a> PINGREQ & SUBSCRIBE id=9 u & PUBLISH u qos=1 id=5 "5"
  a< PINGRESP
  a< SUBACK id=9 0
  a< PUBLISH u "5"
  a< PUBACK id=5
  a> PUBREC id=2                    (the quota comes back with PUBCOMP)
  a< PUBREL id=2
  a> PUBCOMP id=2
  a< PUBLISH t qos=1 id=3 "3"
  a x
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  a> PUBACK id=1
  a< PUBLISH t qos=1 id=3 dup "3"
  a> PUBACK id=3
  a< PUBLISH t qos=1 id=4 "4"
  `,
);

testExchange(
  "max_inflight_messages limits every client, max_inflight_bytes too",
  `
  a> CONNECT v=4 cleanStart
  a< CONNACK
  a> SUBSCRIBE id=1 t/# qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
  b> PUBLISH t/1 qos=1 id=1 size=10 & PUBLISH t/2 qos=1 id=1 size=10 & PUBLISH t/3 qos=1 id=1 size=100
  b< PUBACK id=1
  b< PUBACK id=1
  b< PUBACK id=1
  a< PUBLISH t/1 qos=1 id=1 size=10
  a< PUBLISH t/2 qos=1 id=2 size=10
  a> PUBACK id=1
  a< PUBLISH t/3 qos=1 id=3 size=100
  a> PUBACK id=2
  b> PUBLISH t/4 qos=1 id=1
  b< PUBACK id=1                    (more than 50 bytes are under way)
  a< nothing
  a> PUBACK id=3
  a< PUBLISH t/4 qos=1 id=4
  `,
  { options: { maxInflightMessages: 2, maxInflightBytes: 50 } },
);

/** Clients a and b have subscribed to topics of their names, and c has connected. */
const A_AND_B_SUBSCRIBE = `
  a> CONNECT
  a< CONNACK
  a> SUBSCRIBE id=1 a qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 b qos=1
  b< SUBACK id=1 1
  c> CONNECT
  c< CONNACK
`;

testExchange(
  "max_total_inflight_bytes is for all clients together: who has more than its part waits, and others are served",
  `${A_AND_B_SUBSCRIBE}  c> PUBLISH a qos=1 id=1 size=20000
  c< PUBACK id=1
  a< PUBLISH a qos=1 id=1 size=20000
  c> PUBLISH a qos=1 id=2 size=30000
  c< PUBACK id=2                    (more than half of the limit)
  a< nothing
  c> PUBLISH b qos=1 id=3 size=30000
  c< PUBACK id=3
  b< PUBLISH b qos=1 id=1 size=30000  (the first for this client)
  c> PUBLISH b qos=1 id=4 size=10
  c< PUBACK id=4
  b< nothing
  b> PUBACK id=1
  b< PUBLISH b qos=1 id=2 size=10
  c> PUBLISH b qos=1 id=5 size=10
  c< PUBACK id=5
  b< PUBLISH b qos=1 id=3 size=10   (less than 16 KB are always allowed)
  a> PUBACK id=1
  a< PUBLISH a qos=1 id=2 size=30000
  `,
  { options: { maxTotalInflightBytes: 60_000 } },
);

testExchange(
  "Who has nothing in flight, and no room for a large message because of others, gets it when they acknowledge or leave",
  `${A_AND_B_SUBSCRIBE}  c> PUBLISH a qos=1 id=1 size=40000
  c< PUBACK id=1
  a< PUBLISH a qos=1 id=1 size=40000
  c> PUBLISH b qos=1 id=2 size=40000
  c< PUBACK id=2
  b< nothing
  a> PUBACK id=1
  b< PUBLISH b qos=1 id=1 size=40000
  c> PUBLISH a qos=1 id=3 size=40000
  c< PUBACK id=3
  a< nothing
  b> DISCONNECT
  b! closed
  a< PUBLISH a qos=1 id=2 size=40000
  `,
  { options: { maxTotalInflightBytes: 60_000 } },
);

testExchange(
  "Messages of one topic keep their order, whoever publishes, whether queued or sent at once " +
    "[MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT-4.5.0-1]",
  `
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
  c> CONNECT
  c< CONNACK
  b> PUBLISH t qos=1 id=1 "1"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=1 "1"
  c> PUBLISH t qos=2 id=1 "2"
  c< PUBREC id=1
  a x
  b> PUBLISH t qos=1 id=1 "3"
  b< PUBACK id=1
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  a< PUBLISH t qos=1 id=2 "2"
  a< PUBLISH t qos=1 id=3 "3"
  b> PUBLISH t qos=1 id=1 "4"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=4 "4"
  `,
);

testExchange(
  "Acknowledgements of nothing are late ones; PUBREC is answered with 0x92 in the PUBREL",
  `${READER}
  a> PUBACK id=7
  a> PUBCOMP id=7
  a> PUBREC id=7
  a< PUBREL id=7 PacketIdentifierNotFound
  a> PUBREC id=7 UnspecifiedError
  `,
);

const misfits: [qos: number, ack: string][] = [[1, "PUBREC"], [1, "PUBCOMP"], [2, "PUBACK"], [
  2,
  "PUBCOMP",
]];
for (const [qos, ack] of misfits) {
  testExchange(
    `A ${ack} for a message that was published at QoS ${qos} is a Protocol Error [MQTT-4.13.1-1]`,
    `${READER}
    b> PUBLISH t qos=${qos} id=1
    b< ${qos === 1 ? "PUBACK" : "PUBREC"} id=1
    a< PUBLISH t qos=${qos} id=1
    a> ${ack} id=1
    a< DISCONNECT ProtocolError
    a! closed
    `,
  );
}

testExchange(
  "upgrade_outgoing_qos delivers at the QoS of the subscription",
  `${READER}
  b> PUBLISH t "0"
  a< PUBLISH t qos=2 id=1 "0"
  b> PUBLISH t qos=1 id=1 "1"
  b< PUBACK id=1
  a< PUBLISH t qos=2 id=2 "1"
  `,
  { options: { upgradeOutgoingQos: true } },
);
