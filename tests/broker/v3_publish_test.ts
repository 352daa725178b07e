import type { Setup } from "../support/test_broker.ts";
import { testBefore5 } from "./before_5.ts";

/** a publishes; b sees everything, at QoS 2. */
const BEGINNING = `
  b> CONNECT v=? cleanStart
  b< CONNACK
  b> SUBSCRIBE id=1 # qos=2
  b< SUBACK id=1 2
  a> CONNECT v=?
  a< CONNACK
`;

testBefore5(
  "each QoS is answered as it requires, with the Packet Identifier of the PUBLISH [v3 MQTT-3.3.4-1] [v3 MQTT-2.3.1-6]",
  `
    ${BEGINNING}
    a> PUBLISH t "zero"
    a< nothing
    b< PUBLISH t "zero"
    a> PUBLISH t qos=1 id=65535 "one"
    a< PUBACK id=65535
    b< PUBLISH t qos=1 id=1 "one"
    a> PUBLISH t qos=2 id=300 "two"
    a< PUBREC id=300
    b< PUBLISH t qos=2 id=2 "two"
    a> PUBREL id=300
    a< PUBCOMP id=300
  `,
);

testBefore5(
  "acknowledgements come in the order of what they answer [v3 MQTT-4.6.0-6]",
  `
    ${BEGINNING}
    a> PUBLISH n/1 qos=1 id=9 & PUBLISH n/2 qos=2 id=3 & PUBLISH n/3 qos=1 id=5 & PUBREL id=3
    a< PUBACK id=9
    a< PUBREC id=3
    a< PUBACK id=5
    a< PUBCOMP id=3
    b< PUBLISH n/1 qos=1 id=1
    b< PUBLISH n/2 qos=2 id=2
    b< PUBLISH n/3 qos=1 id=3
  `,
);

testBefore5(
  "an acknowledgement leaves when what it promises is stored, not before [v3 MQTT-4.3.2-2] [v3 MQTT-4.3.3-2]",
  `
    s> CONNECT v=? clientId=stored
    s< CONNACK
    s> SUBSCRIBE id=1 t qos=2
    s< SUBACK id=1 2
    s x
    a> CONNECT v=?
    a< CONNACK
    hold commits
    a> PUBLISH t qos=1 id=1 "one"
    a> PUBLISH t qos=2 id=2 "two"
    a< nothing
    commit
    a< PUBACK id=1
    a< nothing
    commit
    a< PUBREC id=2
  `,
  { store: true },
);

testBefore5(
  "after PUBACK the same Packet Identifier is a new message, DUP or not [v3 MQTT-4.3.2-2] [v3 MQTT-3.3.1-3]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 "one"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=1 "one"
    a> PUBLISH t qos=1 id=1 dup "one"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=2 "one"
  `,
);

testBefore5(
  "until PUBREL a QoS 2 repeat is acknowledged and not delivered again [v3 MQTT-4.3.3-2]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "x"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=1 "x"
    a> PUBLISH t qos=2 id=1 dup "x"
    a< PUBREC id=1
    a> PUBLISH t qos=2 id=1 "without dup"
    a< PUBREC id=1
    b< nothing
    a> PUBREL id=1
    a< PUBCOMP id=1
    a> PUBREL id=1
    a< PUBCOMP id=1           (PUBREL may come again as well)
    a> PUBLISH t qos=2 id=1 "new"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=2 "new"
  `,
);

testBefore5(
  "a QoS 2 handshake goes on with the next connection, without a second delivery [v3 MQTT-4.3.3-2] [v3 MQTT-4.1.0-1]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "x"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=1 "x"
    a x
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a> PUBLISH t qos=2 id=1 dup "x"
    a< PUBREC id=1
    b< nothing
    a> PUBREL id=1
    a< PUBCOMP id=1
  `,
);

testBefore5(
  "with Clean Session 1 the Packet Identifiers of before are new ones [v3 MQTT-3.1.2-6]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "x"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=1 "x"
    a x
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> PUBLISH t qos=2 id=1 "y"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=2 "y"
  `,
);

testBefore5(
  "DUP of a publisher says nothing to subscribers [v3 MQTT-3.3.1-3]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 dup "one"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=1 "one"
    a> PUBLISH t qos=2 id=2 dup "two"
    a< PUBREC id=2
    b< PUBLISH t qos=2 id=2 "two"
  `,
);

testBefore5(
  "a message reaches everybody who subscribes to it, there or away [v3 MQTT-4.5.0-1]",
  `
    ${BEGINNING}
    c> CONNECT v=?
    c< CONNACK
    c> SUBSCRIBE id=1 t/+ qos=1
    c< SUBACK id=1 1
    c x
    d> CONNECT v=? cleanStart
    d< CONNACK
    d> SUBSCRIBE id=1 t/1 & SUBSCRIBE id=2 other
    d< SUBACK id=1 0
    d< SUBACK id=2 0
    a> PUBLISH t/1 qos=1 id=1 "x"
    a< PUBACK id=1
    b< PUBLISH t/1 qos=1 id=1 "x"
    d< PUBLISH t/1 "x"
    c> CONNECT v=?
    c< CONNACK sessionPresent=*
    c< PUBLISH t/1 qos=1 id=1 "x"
  `,
);

testBefore5(
  "a publisher that subscribes gets its own messages",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t & PUBLISH t "x"
    a< SUBACK id=1 0
    a< PUBLISH t "x"
  `,
);

const REFUSING: Setup = { access: { checksTopics: true, mayPublish: () => false } };

testBefore5(
  "a PUBLISH that is not authorized is acknowledged all the same, and goes nowhere [v3 MQTT-3.3.5-2]",
  `
    ${BEGINNING}
    a> PUBLISH t "zero"
    a> PUBLISH t qos=1 id=1 retain "one"
    a< PUBACK id=1
    a> PUBLISH t qos=2 id=2 "two"
    a< PUBREC id=2
    a> PUBREL id=2
    a< PUBCOMP id=2
    b< nothing
    dropped not_authorized=3
  `,
  REFUSING,
);

testBefore5(
  "the broker's own topics are not for clients, who are acknowledged all the same",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=2 $SYS/#
    b< SUBACK id=2 0
    a> PUBLISH $SYS/broker/version qos=1 id=1 "mine"
    a< PUBACK id=1
    b< nothing
    dropped reserved_topic=1
  `,
);

testBefore5(
  "a QoS 2 PUBLISH completes its handshake where only QoS 1 is offered, and goes on as QoS 1",
  `
    ${BEGINNING.replace("SUBACK id=1 2", "SUBACK id=1 1")}
    a> PUBLISH t qos=2 id=1 "two"
    a< PUBREC id=1
    b< PUBLISH t qos=1 id=1 "two"
    a> PUBLISH t qos=2 id=1 dup "two"
    a< PUBREC id=1
    b< nothing
    a> PUBREL id=1
    a< PUBCOMP id=1
    a> PUBLISH t qos=1 id=1 "one"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=2 "one"
  `,
  { listener: { maxQos: 1 } },
);

testBefore5(
  "QoS 1 and 2 are acknowledged where only QoS 0 is offered, and go on as QoS 0",
  `
    ${BEGINNING.replace("SUBACK id=1 2", "SUBACK id=1 0")}
    a> PUBLISH t qos=1 id=1 "one"
    a< PUBACK id=1
    b< PUBLISH t "one"
    a> PUBLISH t qos=2 id=2 retain "two"
    a< PUBREC id=2
    b< PUBLISH t "two"
    a> PUBREL id=2
    a< PUBCOMP id=2
    b> SUBSCRIBE id=2 t qos=2
    b< SUBACK id=2 0
    b< PUBLISH t retain "two"
  `,
  { listener: { maxQos: 0 } },
);

testBefore5(
  "the QoS offered is each listener's own: what came in with more goes out with less [v3 MQTT-3.8.4-6]",
  `
    low> CONNECT v=? cleanStart
    low< CONNACK
    low> SUBSCRIBE id=1 t qos=2
    low< SUBACK id=1 0
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "x"
    a< PUBREC id=1
    low< PUBLISH t "x"
    b< PUBLISH t qos=2 id=1 "x"
  `,
  { listeners: { low: { maxQos: 0 } } },
);

testBefore5(
  "a QoS 2 PUBLISH on a listener of QoS 1 goes on as QoS 1 everywhere",
  `
    ${BEGINNING}
    low> CONNECT v=?
    low< CONNACK
    low> PUBLISH t qos=2 id=1 "two"
    low< PUBREC id=1
    b< PUBLISH t qos=1 id=1 "two"
    low> PUBREL id=1
    low< PUBCOMP id=1
  `,
  { listeners: { low: { maxQos: 1 } } },
);

testBefore5(
  "a payload over the limit is acknowledged and goes nowhere",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 size=11
    a< PUBACK id=1
    a> PUBLISH t qos=1 id=2 size=10
    a< PUBACK id=2
    b< PUBLISH t qos=1 id=1 size=10
    dropped message_size_limit=1
  `,
  { options: { messageSizeLimitBytes: 10 } },
);

testBefore5(
  "a client's PUBACK, PUBREC, PUBREL and PUBCOMP of nothing do no harm",
  `
    ${BEGINNING}
    a> PUBACK id=9 & PUBREC id=9 & PUBREL id=9 & PUBCOMP id=9 & PINGREQ
    a< PUBREL id=9
    a< PUBCOMP id=9
    a< PINGRESP
  `,
);
