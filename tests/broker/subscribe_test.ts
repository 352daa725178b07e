import { testExchange } from "../support/exchange.ts";

const TWO = `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  b> CONNECT
  b< CONNACK
`;

testExchange(
  "SUBSCRIBE is answered with SUBACK of its Packet Identifier, a Reason Code for each Topic Filter in order " +
    "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] " +
    "[MQTT-3.9.3-2] [MQTT-2.2.1-6]",
  `${TWO}
  a> SUBSCRIBE id=65535 a qos=2 b/#/c qos=1 secret qos=1 c d qos=1 e
  a< SUBACK id=65535 2 TopicFilterInvalid NotAuthorized 0 1 QuotaExceeded
  b> PUBLISH a "a" & PUBLISH c "c" & PUBLISH d "d" & PUBLISH e "e" & PUBLISH secret "s"
  a< PUBLISH a "a"
  a< PUBLISH c "c"
  a< PUBLISH d "d"
  `,
  {
    options: { maxSubscriptions: 3 },
    access: { checksTopics: true, maySubscribe: (_client, filter) => filter !== "secret" },
  },
);

const invalid = ["a/#/b", "a+", "#a", "$share//t", "$share/s", "$share/a+b/t", "$share/s/"];
for (const filter of invalid) {
  testExchange(
    `The Topic Filter "${filter}" is refused in SUBACK and UNSUBACK [MQTT-3.8.4-7] [MQTT-3.11.3-2]`,
    `${TWO}
    a> SUBSCRIBE id=1 ${filter}
    a< SUBACK id=1 TopicFilterInvalid
    a> UNSUBSCRIBE id=2 ${filter}
    a< UNSUBACK id=2 TopicFilterInvalid
    `,
  );
}

const empty: [packet: string, hex: string][] = [
  ["SUBSCRIBE to", "82 06 00 01 00 00 00 00"],
  ["UNSUBSCRIBE of", "a2 05 00 01 00 00 00"],
];
for (const [packet, hex] of empty) {
  testExchange(
    `${packet} an empty Topic Filter ends the connection as malformed [MQTT-4.7.3-1]`,
    `${TWO}
    a> hex ${hex}
    a< DISCONNECT MalformedPacket
    a! closed
    `,
  );
}

const lower: [published: number, granted: number, delivered: number][] = [];
for (const published of [0, 1, 2]) {
  for (const granted of [0, 1, 2]) lower.push([published, granted, Math.min(published, granted)]);
}
for (const [published, granted, delivered] of lower) {
  testExchange(
    `QoS ${published} to a subscription of QoS ${granted} is delivered at QoS ${delivered} [MQTT-3.8.4-8]`,
    `${TWO}
    a> SUBSCRIBE id=1 t qos=${granted}
    a< SUBACK id=1 ${granted}
    b> PUBLISH t qos=${published} ${published > 0 ? "id=9" : ""} "1"
    ${["", "b< PUBACK id=9", "b< PUBREC id=9"][published]}
    a< PUBLISH t qos=${delivered} ${delivered > 0 ? "id=1" : ""} "1"
    `,
  );
}

testExchange(
  "A subscriber gets what matches its filter, under the name it was published with [MQTT-3.3.2-3] [MQTT-4.5.0-1]",
  `${TWO}
  a> SUBSCRIBE id=1 a/+ b/#
  a< SUBACK id=1 0 0
  b> SUBSCRIBE id=1 a/1
  b< SUBACK id=1 0
  b> PUBLISH a/1 "1" & PUBLISH a/1/2 "2" & PUBLISH b "3" & PUBLISH b/1/2 "4" & PUBLISH A/1 "5"
  a< PUBLISH a/1 "1"
  a< PUBLISH b "3"
  a< PUBLISH b/1/2 "4"
  b< PUBLISH a/1 "1"
  `,
);

testExchange(
  "The same Topic Filter again replaces the subscription: QoS, identifier and options [MQTT-3.8.4-3]",
  `${TWO}
  a> SUBSCRIBE id=1 t qos=2 subscriptionIdentifiers=1
  a< SUBACK id=1 2
  a> SUBSCRIBE id=2 t noLocal subscriptionIdentifiers=2
  a< SUBACK id=2 0
  b> PUBLISH t qos=1 id=1 "1"
  b< PUBACK id=1
  a< PUBLISH t "1" subscriptionIdentifiers=2
  a> PUBLISH t "own"
  a> SUBSCRIBE id=3 t
  a< SUBACK id=3 0
  a> PUBLISH t "own"
  a< PUBLISH t "own"
  `,
);

testExchange(
  "Replacing loses no message, and sends what is retained again [MQTT-3.8.4-3] [MQTT-3.8.4-4]",
  `${TWO}
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  b> PUBLISH t retain qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2"
  b< PUBACK id=1
  b< PUBACK id=2
  a< PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=1 id=2 "2"
  a> SUBSCRIBE id=2 t
  a< SUBACK id=2 0
  a< PUBLISH t retain "1"
  a x
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  a< PUBLISH t qos=1 id=2 dup "2"
  `,
);

testExchange(
  "Overlapping subscriptions deliver once, at the highest QoS, with all their identifiers " +
    "[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]",
  `${TWO}
  a> SUBSCRIBE id=1 t/# qos=2 subscriptionIdentifiers=1
  a< SUBACK id=1 2
  a> SUBSCRIBE id=2 t/+ qos=0 t/1 qos=1 subscriptionIdentifiers=268435455
  a< SUBACK id=2 0 1
  a> SUBSCRIBE id=3 +/1
  a< SUBACK id=3 0
  b> PUBLISH t/1 qos=2 id=1 "1"
  b< PUBREC id=1
  a< PUBLISH t/1 qos=2 id=1 "1" subscriptionIdentifiers=1,268435455,268435455
  b> PUBLISH u/1 "2"
  a< PUBLISH u/1 "2"
  `,
);

testExchange(
  "allow_duplicate_messages delivers once for each subscription, with its own identifier",
  `${TWO}
  a> SUBSCRIBE id=1 t/# qos=1 subscriptionIdentifiers=1
  a< SUBACK id=1 1
  a> SUBSCRIBE id=2 t/1 subscriptionIdentifiers=2
  a< SUBACK id=2 0
  b> PUBLISH t/1 qos=1 id=1 "1"
  b< PUBACK id=1
  a< PUBLISH t/1 "1" subscriptionIdentifiers=2
  a< PUBLISH t/1 qos=1 id=1 "1" subscriptionIdentifiers=1
  `,
  { options: { allowDuplicateMessages: true } },
);

testExchange(
  "No Local: its own messages do not come back, whatever connection they came by; others' do [MQTT-3.8.3-3]",
  `${TWO}
  a> SUBSCRIBE id=1 t noLocal u
  a< SUBACK id=1 0 0
  a> PUBLISH t "own" & PUBLISH u "own"
  a< PUBLISH u "own"
  b> PUBLISH t "1"
  a< PUBLISH t "1"
  a> SUBSCRIBE id=2 +             (an overlapping one without it wants them)
  a< SUBACK id=2 0
  a> PUBLISH t "own"
  a< PUBLISH t "own"
  `,
);

testExchange(
  "No Local on a shared subscription is a Protocol Error [MQTT-3.8.3-4] [MQTT-4.13.1-1]",
  `${TWO}
  a> SUBSCRIBE id=1 $share/s/t noLocal
  a< DISCONNECT ProtocolError
  a! closed
  `,
);

testExchange(
  "UNSUBSCRIBE deletes what is the same to the letter, says what it found, in order, and comes always " +
    "[MQTT-3.10.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] " +
    "[MQTT-2.2.1-6]",
  `${TWO}
  a> SUBSCRIBE id=1 t/+ t/1
  a< SUBACK id=1 0 0
  a> UNSUBSCRIBE id=7 t/# t/1 t/1 T/+
  a< UNSUBACK id=7 NoSubscriptionExisted 0 NoSubscriptionExisted NoSubscriptionExisted
  b> PUBLISH t/1 "1"
  a< PUBLISH t/1 "1"
  a> UNSUBSCRIBE id=8 t/+
  a< UNSUBACK id=8 0
  b> PUBLISH t/1 "2"
  a< nothing
  `,
);

testExchange(
  "After UNSUBSCRIBE nothing new comes; what was under way is completed [MQTT-3.10.4-2] [MQTT-3.10.4-3]",
  `${TWO}
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=2 id=2 "2" & PUBLISH t qos=2 id=3 "3"
  b< PUBACK id=1
  b< PUBREC id=2
  b< PUBREC id=3
  a< PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=2 id=2 "2"
  a< PUBLISH t qos=2 id=3 "3"
  a> PUBREC id=2
  a< PUBREL id=2
  a> UNSUBSCRIBE id=1 t
  a< UNSUBACK id=1 0
  b> PUBLISH t qos=1 id=1 "4"
  b< PUBACK id=1 NoMatchingSubscribers
  a x
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  a< PUBLISH t qos=2 id=3 dup "3"
  a< PUBREL id=2
  a> PUBACK id=1 & PUBCOMP id=2 & PUBREC id=3
  a< PUBREL id=3
  `,
);

testExchange(
  "A limit of subscriptions counts new ones, not those that replace",
  `${TWO}
  a> SUBSCRIBE id=1 t u v
  a< SUBACK id=1 0 0 QuotaExceeded
  a> SUBSCRIBE id=2 u qos=1
  a< SUBACK id=2 1
  a> UNSUBSCRIBE id=3 t
  a< UNSUBACK id=3 0
  a> SUBSCRIBE id=4 v
  a< SUBACK id=4 0
  `,
  { options: { maxSubscriptions: 2 } },
);

testExchange(
  "Who may not read a topic does not get it, though its filter matches",
  `${TWO}
  a> SUBSCRIBE id=1 #
  a< SUBACK id=1 0
  b> PUBLISH secret retain "1" & PUBLISH open retain "2"
  a< PUBLISH open "2"
  a> SUBSCRIBE id=2 #
  a< SUBACK id=2 0
  a< PUBLISH open retain "2"
  `,
  { access: { checksTopics: true, mayRead: (_client, topicName) => topicName !== "secret" } },
);

testExchange(
  "A mount point stands before all that a listener's clients say, and they do not see it",
  `
  a> CONNECT
  a< CONNACK
  m> CONNECT
  m< CONNACK
  a> SUBSCRIBE id=1 #
  a< SUBACK id=1 0
  m> SUBSCRIBE id=1 t/# # $share/s/u
  m< SUBACK id=1 0 0 0
  m> PUBLISH t/1 retain "1"
  a< PUBLISH m/t/1 "1"
  m< PUBLISH t/1 "1"
  a> PUBLISH t/1 "2"
  a< PUBLISH t/1 "2"
  a> PUBLISH m/u "3"
  a< PUBLISH m/u "3"
  m< PUBLISH u "3"
  m< PUBLISH u "3"
  m> UNSUBSCRIBE id=2 $share/s/u #
  m< UNSUBACK id=2 0 0
  a> PUBLISH m/t/2 "4"
  a< PUBLISH m/t/2 "4"
  m< PUBLISH t/2 "4"
  m> SUBSCRIBE id=3 t/1
  m< SUBACK id=3 0
  m< PUBLISH t/1 retain "1"
  `,
  { listeners: { m: { mountPoint: "m/" } } },
);
