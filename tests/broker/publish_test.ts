import { testExchange } from "../support/exchange.ts";

/** b gets all. */
const READER = `
  b> CONNECT sessionExpiryInterval=60
  b< CONNACK
  b> SUBSCRIBE id=1 # qos=2
  b< SUBACK id=1 2
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
`;

testExchange(
  "A PUBLISH is answered as its QoS says, with its Packet Identifier, and goes on with another " +
    "[MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.2-4] [MQTT-4.3.3-2] [MQTT-4.3.3-8]",
  `${READER}
  a> PUBLISH t "0"
  b< PUBLISH t "0"
  a> PUBLISH t qos=1 id=77 "1"
  a< PUBACK id=77
  b< PUBLISH t qos=1 id=1 "1"
  a> PUBLISH t qos=2 id=78 "2"
  a< PUBREC id=78
  b< PUBLISH t qos=2 id=2 "2"
  a> PUBREL id=78
  a< PUBCOMP id=78
  b> PUBACK id=1
  b> PUBREC id=2
  b< PUBREL id=2
  b> PUBCOMP id=2
  `,
);

testExchange(
  "A message that nobody wants is answered with 0x10 [MQTT-3.3.4-1]",
  `
  a> CONNECT
  a< CONNACK
  a> PUBLISH t
  a> PUBLISH t qos=1 id=1
  a< PUBACK id=1 NoMatchingSubscribers
  a> PUBLISH t qos=2 id=1
  a< PUBREC id=1 NoMatchingSubscribers
  a> PUBREL id=1
  a< PUBCOMP id=1
  `,
);

testExchange(
  "After a PUBACK its Packet Identifier is a new message's, whatever DUP says [MQTT-4.3.2-5]",
  `${READER}
  a> PUBLISH t qos=1 id=1 "1"
  a< PUBACK id=1
  b< PUBLISH t qos=1 id=1 "1"
  a> PUBLISH t qos=1 id=1 dup "2"
  a< PUBACK id=1
  b< PUBLISH t qos=1 id=2 "2"
  `,
);

testExchange(
  "QoS 2 is routed once until its PUBREL, on this connection and the next; DUP does not travel " +
    "[MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [MQTT-3.3.1-3]",
  `${READER}
  a> PUBLISH t qos=2 id=1 "1"
  a< PUBREC id=1
  b< PUBLISH t qos=2 id=1 "1"
  a> PUBLISH t qos=2 id=1 dup "1"
  a< PUBREC id=1
  a x
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent
  a> PUBLISH t qos=2 id=1 dup "1"
  a< PUBREC id=1
  a> PUBREL id=1
  a< PUBCOMP id=1
  b< nothing
  a> PUBLISH t qos=2 id=1 dup "2"
  a< PUBREC id=1
  b< PUBLISH t qos=2 id=2 "2"
  `,
);

testExchange(
  "A PUBREL that releases nothing is answered with 0x92 [MQTT-4.3.3-11]",
  `
  a> CONNECT
  a< CONNACK
  a> PUBREL id=5
  a< PUBCOMP id=5 PacketIdentifierNotFound
  `,
);

testExchange(
  "QoS 2 goes through to PUBCOMP although the message has expired [MQTT-4.3.3-13]",
  `${READER}
  a> PUBLISH t qos=2 id=1 messageExpiryInterval=1 "1"
  a< PUBREC id=1
  b< PUBLISH t qos=2 id=1 messageExpiryInterval=1 "1"
  wait 2s
  a> PUBLISH t qos=2 id=1 messageExpiryInterval=1 dup "1"
  a< PUBREC id=1
  a> PUBREL id=1
  a< PUBCOMP id=1
  `,
);

testExchange(
  "After a PUBREC of 0x80 or more the Packet Identifier is a new message's [MQTT-4.3.3-9]",
  `${READER}
  a> PUBLISH t qos=2 id=1 "too long"
  a< PUBREC id=1 QuotaExceeded
  a> PUBLISH t qos=1 id=1 "too long"
  a< PUBACK id=1 QuotaExceeded
  a> PUBLISH t "too long"
  a> PUBLISH t qos=2 id=1 dup "1"
  a< PUBREC id=1
  b< PUBLISH t qos=2 id=1 "1"
  dropped message_size_limit=3
  c> CONNECT v=4
  c< CONNACK
  c> PUBLISH t qos=1 id=1 "too long"
  c< PUBACK id=1
  b< nothing
  dropped message_size_limit=4
  `,
  { options: { messageSizeLimitBytes: 4 } },
);

testExchange(
  "Who may not publish is told so, and goes on",
  `${READER}
  a> PUBLISH no qos=1 id=1
  a< PUBACK id=1 NotAuthorized
  a> PUBLISH no qos=2 id=2
  a< PUBREC id=2 NotAuthorized
  a> PUBLISH no
  a> PUBLISH $SYS/broker/uptime qos=1 id=3
  a< PUBACK id=3 NotAuthorized
  a> PUBLISH yes
  b< PUBLISH yes
  dropped not_authorized=3 reserved_topic=1
  `,
  { access: { checksTopics: true, mayPublish: (_client, topicName) => topicName !== "no" } },
);

const badNames = ["a/#", "+", "a/+/b", "#", ""];
for (const topicName of badNames) {
  testExchange(
    `Publishing to "${topicName}" ends that connection and no other: it is no Topic Name ` +
      "[MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.13.1-1]",
    `${READER}
    a> PUBLISH "${topicName}" qos=1 id=1
    a< DISCONNECT ${topicName === "" ? "ProtocolError" : "TopicNameInvalid"}
    a! closed
    b> PINGREQ
    b< PINGRESP
    `,
  );
}

testExchange(
  "More QoS 1 and 2 messages at once than the Receive Maximum end the connection with 0x93",
  `
  a> CONNECT
  a< CONNACK receiveMaximum=2
  a> PUBLISH t qos=2 id=1
  a< PUBREC id=1 NoMatchingSubscribers
  a> PUBLISH t qos=2 id=2
  a< PUBREC id=2 NoMatchingSubscribers
  a> PUBLISH t qos=2 id=2 dup      (a repeat is none more)
  a< PUBREC id=2
  a> PUBLISH t                     (neither is QoS 0)
  a> PUBREL id=1
  a< PUBCOMP id=1
  a> PUBLISH t qos=1 id=1
  a< PUBACK id=1 NoMatchingSubscribers
  a> PUBLISH t qos=2 id=3
  a< PUBREC id=3 NoMatchingSubscribers
  a> PUBLISH t qos=1 id=4
  a< DISCONNECT ReceiveMaximumExceeded
  a! closed
  `,
  { options: { maxInflightMessages: 2 } },
);

testExchange(
  "Receive Maximum begins anew with each connection: what a client never releases does not lock it out",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK receiveMaximum=2
  a> PUBLISH t qos=2 id=1 & PUBLISH t qos=2 id=2
  a< PUBREC id=1 NoMatchingSubscribers
  a< PUBREC id=2 NoMatchingSubscribers
  a x
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent receiveMaximum=2
  a> PUBLISH t qos=2 id=3 & PUBLISH t qos=2 id=4
  a< PUBREC id=3 NoMatchingSubscribers
  a< PUBREC id=4 NoMatchingSubscribers
  a> PUBLISH t qos=2 id=2 dup      (a repeat is none more)
  a< PUBREC id=2
  a> PUBREL id=1                   (nor does this one make room)
  a< PUBCOMP id=1
  a> PUBLISH t qos=2 id=5
  a< DISCONNECT ReceiveMaximumExceeded
  a! closed
  `,
  { options: { maxInflightMessages: 2 } },
);

testExchange(
  "Above Maximum QoS a PUBLISH ends the connection with 0x9B; SUBSCRIBE is granted what there is " +
    "[MQTT-3.2.2-9] [MQTT-3.2.2-10]",
  `
  a> CONNECT
  a< CONNACK maximumQos=0
  a> SUBSCRIBE id=1 x qos=0 y qos=1 z qos=2
  a< SUBACK id=1 0 0 0
  a> PUBLISH x
  a< PUBLISH x
  a> PUBLISH x qos=1 id=1
  a< DISCONNECT QoSNotSupported
  a! closed
  `,
  { listener: { maxQos: 0 } },
);

testExchange(
  "Without retained messages a PUBLISH with RETAIN ends the connection with 0x9A",
  `
  a> CONNECT
  a< CONNACK retainAvailable=0
  a> PUBLISH t retain
  a< DISCONNECT RetainNotSupported
  a! closed
  `,
  { options: { retainAvailable: false } },
);

testExchange(
  "A topic of too many levels is none here, and what is none anywhere costs the connection",
  `
  a> CONNECT
  a< CONNACK
  a> PUBLISH 1/2/3
  a> SUBSCRIBE id=1 1/2/3 1/2/3/4
  a< SUBACK id=1 0 TopicFilterInvalid
  a> PUBLISH 1/2/3/4
  a> PUBLISH 1/2/3/4 qos=1 id=2
  a< PUBACK id=2 TopicNameInvalid
  dropped not_a_topic_name=2
  a> PUBLISH 1/+
  a< DISCONNECT TopicNameInvalid
  a! closed
  `,
  { options: { maxTopicLevels: 3 } },
);

testExchange(
  "A packet above Maximum Packet Size ends the connection before its body has come",
  `
  a> CONNECT
  a< CONNACK maximumPacketSize=1000
  a> PUBLISH t size=900
  a> hex 30 e6 07                 (1001 bytes are announced)
  a< DISCONNECT PacketTooLarge
  a! closed
  `,
  { options: { maxPacketSizeBytes: 1000 } },
);
