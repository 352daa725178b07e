import { testExchange } from "../support/exchange.ts";

testExchange(
  "An accepted CONNECT is answered with one CONNACK of 0x00, and PINGREQ with PINGRESP " +
    "[MQTT-3.1.4-5] [MQTT-3.2.0-2] [MQTT-3.2.2-1] [MQTT-3.12.4-1]",
  `
  a> CONNECT
  a< CONNACK success
  a> PINGREQ
  a< PINGRESP
  a< nothing
  `,
);

testExchange(
  "CONNACK tells the limits that a client could not assume, and no others [MQTT-3.2.2-22]",
  `
  a> CONNECT keepAlive=600 sessionExpiryInterval=600
  a< CONNACK receiveMaximum=500 maximumPacketSize=2000000 topicAliasMaximum=10
  +    !sessionExpiryInterval !maximumQos !retainAvailable !assignedClientIdentifier
  +    !serverKeepAlive !responseInformation !authenticationMethod
  `,
);

testExchange(
  "CONNACK tells every limit that was set [MQTT-3.2.2-9]",
  `
  a> CONNECT clientId="" keepAlive=600 sessionExpiryInterval=600 requestResponseInformation
  a< CONNACK receiveMaximum=7 maximumPacketSize=1000 topicAliasMaximum=3 sessionExpiryInterval=60
  +    maximumQos=1 retainAvailable=0 assignedClientIdentifier=auto-random-1 serverKeepAlive=30
  +    responseInformation="answers/auto-random-1"
  `,
  {
    options: {
      maxInflightMessages: 7,
      maxPacketSizeBytes: 1000,
      maxSessionExpirySeconds: 60,
      retainAvailable: false,
      maxKeepAliveSeconds: 30,
      responseInformation: "answers/",
    },
    listener: { maxQos: 1, maxTopicAlias: 3 },
  },
);

testExchange(
  "Response Information comes only to those who ask [MQTT-3.1.2-28]",
  `
  a> CONNECT
  a< CONNACK !responseInformation
  b> CONNECT requestResponseInformation=0
  b< CONNACK !responseInformation
  c> CONNECT requestResponseInformation
  c< CONNACK responseInformation="answers/c"
  `,
  { options: { responseInformation: "answers/" } },
);

testExchange(
  "What comes in one read with the CONNECT is handled after it",
  `
  a> CONNECT & SUBSCRIBE id=1 t & PUBLISH t "1" & PINGREQ
  a< CONNACK
  a< SUBACK id=1 0
  a< PUBLISH t "1"
  a< PINGRESP
  `,
);

testExchange(
  "A CONNECT in pieces is one CONNECT",
  `
  a> hex 10 0f 00 04 'MQ'
  a> hex 'TT' 05 02 00 00
  a> hex 00 00 02 'a'
  a< nothing
  a> hex 'b'
  a< CONNACK
  `,
);

const first = [
  ["PUBLISH t", "PUBLISH"],
  ["SUBSCRIBE id=1 t", "SUBSCRIBE"],
  ["UNSUBSCRIBE id=1 t", "UNSUBSCRIBE"],
  ["PUBACK id=1", "PUBACK"],
  ["PUBREL id=1", "PUBREL"],
  ["PINGREQ", "PINGREQ"],
  ["DISCONNECT", "DISCONNECT"],
  ["AUTH ContinueAuthentication authenticationMethod=m", "AUTH"],
  ["CONNACK", "CONNACK"],
  ["hex 10 02 00 00", "a CONNECT that is none"],
  ["hex 00 00", "packet type 0"],
];
for (const [packet, name] of first) {
  testExchange(
    `${name} before any CONNECT closes the connection without a word ` +
      "[MQTT-3.14.0-1] [MQTT-4.13.1-1] [MQTT-4.13.2-1]",
    `
    a> ${packet}
    a! closed
    `,
  );
}

testExchange(
  "A second CONNECT is a Protocol Error [MQTT-3.1.0-2] [MQTT-3.2.0-2]",
  `
  a> CONNECT
  a< CONNACK
  a> CONNECT
  a< DISCONNECT ProtocolError
  a! closed
  `,
);

testExchange(
  "A second CONNECT in a version that nobody knows is one as well: DISCONNECT has no 0x84 [MQTT-3.14.2-1]",
  `
  a> CONNECT
  a< CONNACK
  a> hex 10 0d 00 04 'MQTT' 06 02 00 00 00 00 00
  a< DISCONNECT ProtocolError
  a! closed
  `,
);

testExchange(
  "A protocol version that the listener does not take is told so, and closed [MQTT-3.1.2-1] [MQTT-3.1.2-2]",
  `
  a> CONNECT v=3
  a< CONNACK 1
  a! closed
  b> CONNECT v=4
  b< CONNACK
  c> CONNECT v=5
  c< CONNACK UnsupportedProtocolVersion
  c! closed
  d> hex 10 0d 00 04 'MQTT' 06 02 00 00 00 00 00   (in the form that every version reads)
  d< CONNACK 1
  d! closed
  e> hex 10 0d 00 04 'MQTX' 05 02 00 00 00 00 00
  e< CONNACK 1
  e! closed
  `,
  { listener: { acceptProtocolVersions: [4] } },
);

const malformed: [why: string, hex: string][] = [
  ["the reserved flag is set [MQTT-3.1.2-3]", "10 0d 00 04 'MQTT' 05 03 00 00 00 00 00"],
  ["bytes are left over", "10 0e 00 04 'MQTT' 05 02 00 00 00 00 00 00"],
  ["Will QoS is 3", "10 13 00 04 'MQTT' 05 1e 00 00 00 00 00 00 00 01 'w' 00 00"],
  ["the Client Identifier is not UTF-8", "10 0f 00 04 'MQTT' 05 02 00 00 00 00 02 c0 80"],
];
for (const [why, hex] of malformed) {
  testExchange(
    `A CONNECT that breaks the format is closed: ${why} [MQTT-3.1.4-1] [MQTT-4.13.1-1]`,
    `
    a> hex ${hex}
    a! closed
    b> CONNECT
    b< CONNACK
    `,
  );
}

for (
  const clientId of ["0", "abcdefghijklmnopqrstuvw", "XYZ0123456789", "ä/ü #+", "l".repeat(300)]
) {
  testExchange(
    `The Client Identifier "${clientId.slice(0, 23)}" is taken [MQTT-3.1.3-5] [MQTT-3.1.3-2]`,
    `
    a> CONNECT clientId="${clientId}" sessionExpiryInterval=9
    a< CONNACK !assignedClientIdentifier
    a> DISCONNECT
    a! closed
    a> CONNECT clientId="${clientId}"
    a< CONNACK sessionPresent
    `,
  );
}

testExchange(
  "An empty Client Identifier is replaced by one that nobody has, under which the session goes on " +
    "[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]",
  `
  a> CONNECT clientId="" sessionExpiryInterval=60
  a< CONNACK assignedClientIdentifier=auto-random-1
  b> CONNECT clientId=""
  b< CONNACK assignedClientIdentifier=auto-random-2
  a x
  c> CONNECT clientId=auto-random-1
  c< CONNACK sessionPresent !assignedClientIdentifier
  `,
);

testExchange(
  "An empty Client Identifier is rejected where it is not allowed [MQTT-3.1.3-8]",
  `
  a> CONNECT clientId=""
  a< CONNACK ClientIdentifierNotValid
  a! closed
  `,
  { options: { allowZeroLengthClientId: false } },
);

testExchange(
  "What a listener says about empty Client Identifiers goes over what the broker does [MQTT-3.1.3-8]",
  `
  a> CONNECT clientId=""
  a< CONNACK ClientIdentifierNotValid
  a! closed
  `,
  { listener: { allowZeroLengthClientId: false } },
);

testExchange(
  "A listener has a prefix of its own for the names that it gives [MQTT-3.1.3-7]",
  `
  a> CONNECT clientId=""
  a< CONNACK assignedClientIdentifier=door-random-1
  `,
  { listener: { autoIdPrefix: "door-" } },
);

testExchange(
  "A will above Maximum QoS is rejected; so is a retained one without retained messages " +
    "[MQTT-3.2.2-12] [MQTT-3.2.2-13]",
  `
  a> CONNECT will.topic=w will.qos=2
  a< CONNACK QoSNotSupported
  a! closed
  a> CONNECT will.topic=w will.qos=1
  a< CONNACK maximumQos=1
  b> CONNECT will.topic=w will.retain
  b< CONNACK RetainNotSupported
  b! closed
  b> CONNECT will.topic=w
  b< CONNACK retainAvailable=0
  `,
  { listener: { maxQos: 1 }, options: { retainAvailable: false } },
);

testExchange(
  "A will on what is no Topic Name is rejected",
  `
  a> CONNECT will.topic=w/#
  a< CONNACK TopicNameInvalid
  a! closed
  `,
);

testExchange(
  "A socket that sends no whole CONNECT is closed after the connect time-out",
  `
  a opens
  b opens
  wait 9s
  b> hex 10 10        (a beginning does not buy time)
  wait 999ms
  a< nothing
  wait 1ms
  a! closed
  b! closed
  `,
);

testExchange(
  "A CONNECT above its limit is closed before its body has come",
  `
  a> hex 10 e9 07     (1001 bytes are announced, and three more)
  a! closed
  `,
  { options: { maxConnectPacketSizeBytes: 1000 } },
);
