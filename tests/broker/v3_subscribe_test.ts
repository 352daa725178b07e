import { test311, testBefore5 } from "./before_5.ts";

/** a publishes; b subscribes. */
const BEGINNING = `
  a> CONNECT v=? cleanStart
  a< CONNACK
  b> CONNECT v=? cleanStart
  b< CONNACK
`;

testBefore5(
  "SUBSCRIBE is answered with SUBACK of its Packet Identifier [v3 MQTT-3.8.4-1] [v3 MQTT-3.8.4-2] [v3 MQTT-2.3.1-7]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t & SUBSCRIBE id=65535 u
    b< SUBACK id=1 0
    b< SUBACK id=65535 0
  `,
);

testBefore5(
  "SUBACK says for each Topic Filter, in order, the QoS granted [v3 MQTT-3.8.4-4] [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-1]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=7 t/2 qos=2 t/0 qos=0 t/1 qos=1 t/2 qos=1
    b< SUBACK id=7 2 0 1 1
    a> PUBLISH t/2 qos=2 id=1
    a< PUBREC id=1
    b< PUBLISH t/2 qos=1 id=1          (the last word counts, as in packets of their own)
    a> PUBLISH t/0 & PUBLISH t/1
    b< PUBLISH t/0
    b< PUBLISH t/1
  `,
);

test311(
  "a Topic Filter that is not allowed is answered with 0x80, and the others are granted [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-2]",
  `
    a> CONNECT v=4 cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1 secret qos=2 u qos=0
    a< SUBACK id=1 1 0x80 0
    a> PUBLISH secret & PUBLISH u
    a< PUBLISH u
  `,
  { access: { checksTopics: true, maySubscribe: (_, topicFilter) => topicFilter !== "secret" } },
);

test311(
  "$share/... that is no shared subscription is refused alone: 3.1.1 knows of none",
  `
    a> CONNECT v=4 cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t $share/a qos=1 $share//b $share/a/ $share/+/b
    a< SUBACK id=1 0 0x80 0x80 0x80 0x80
    a> UNSUBSCRIBE id=2 $share/a t
    a< UNSUBACK id=2
    a> SUBSCRIBE id=3 $share/a+/b
    a! closed
  `,
);

test311(
  "more subscriptions than are allowed are answered with 0x80; one that is there may be changed",
  `
    a> CONNECT v=4 cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t u v
    a< SUBACK id=1 0 0 0x80
    a> SUBSCRIBE id=2 u qos=1
    a< SUBACK id=2 1
  `,
  { options: { maxSubscriptions: 2 } },
);

testBefore5(
  "the same Topic Filter again replaces the subscription, without a gap or a double [v3 MQTT-3.8.4-3]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t qos=2
    b< SUBACK id=1 2
    a> PUBLISH t qos=1 id=1 "before"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=1 "before"
    b> SUBSCRIBE id=2 t qos=0
    b< SUBACK id=2 0
    a> PUBLISH t qos=1 id=2 "after"
    a< PUBACK id=2
    b< PUBLISH t "after"
    b> UNSUBSCRIBE id=3 t
    b< UNSUBACK id=3
    a> PUBLISH t qos=1 id=3 "gone"
    a< PUBACK id=3
    b< nothing
  `,
);

testBefore5(
  "UNSUBSCRIBE is answered with UNSUBACK of its Packet Identifier, even where nothing is deleted [v3 MQTT-3.10.4-4] [v3 MQTT-3.10.4-5] [v3 MQTT-2.3.1-7]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    b> UNSUBSCRIBE id=2 t & UNSUBSCRIBE id=65535 t
    b< UNSUBACK id=2
    b< UNSUBACK id=65535
  `,
);

testBefore5(
  "Topic Filters are compared character by character: what only looks alike stays [v3 MQTT-3.10.4-1]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 a/b
    b< SUBACK id=1 0
    b> UNSUBSCRIBE id=2 a/+ # a/B /a/b a/b/
    b< UNSUBACK id=2
    a> PUBLISH a/b "x"
    b< PUBLISH a/b "x"
    b> UNSUBSCRIBE id=3 a/b
    b< UNSUBACK id=3
    a> PUBLISH a/b "y"
    b< nothing
  `,
);

testBefore5(
  "one UNSUBSCRIBE ends all that it names, with one UNSUBACK, and nothing else [v3 MQTT-3.10.4-6] [v3 MQTT-3.10.4-2]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 a b c
    b< SUBACK id=1 0 0 0
    b> UNSUBSCRIBE id=2 a c never
    b< UNSUBACK id=2
    a> PUBLISH a "1" & PUBLISH b "2" & PUBLISH c "3"
    b< PUBLISH b "2"
  `,
);

testBefore5(
  "a delivery that has begun is completed after UNSUBSCRIBE [v3 MQTT-3.10.4-3]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    b> CONNECT v=?
    b< CONNACK
    b> SUBSCRIBE id=1 t qos=2
    b< SUBACK id=1 2
    a> PUBLISH t qos=1 id=1 "one" & PUBLISH t qos=2 id=2 "two"
    a< PUBACK id=1
    a< PUBREC id=2
    b< PUBLISH t qos=1 id=1 "one"
    b< PUBLISH t qos=2 id=2 "two"
    b> UNSUBSCRIBE id=2 t
    b< UNSUBACK id=2
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=1 dup "one"
    b< PUBLISH t qos=2 id=2 dup "two"
    b> PUBACK id=1 & PUBREC id=2
    b< PUBREL id=2
    b> PUBCOMP id=2
    a> PUBLISH t qos=1 id=3 "three"
    a< PUBACK id=3
    b< nothing
  `,
);

testBefore5(
  "SUBACK and UNSUBACK of a stored session leave when that is stored",
  `
    b> CONNECT v=?
    b< CONNACK
    hold commits
    b> SUBSCRIBE id=1 t
    b< nothing
    commit
    b< SUBACK id=1 0
    b> UNSUBSCRIBE id=2 t
    b< nothing
    commit
    b< UNSUBACK id=2
  `,
  { store: true },
);
