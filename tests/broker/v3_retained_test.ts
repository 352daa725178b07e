import { testBefore5 } from "./before_5.ts";

/** a publishes; b subscribes when it wants to. */
const BEGINNING = `
  a> CONNECT v=? cleanStart
  a< CONNACK
  b> CONNECT v=? cleanStart
  b< CONNACK
`;

testBefore5(
  "a new subscription gets the last retained message of each topic, with RETAIN and its QoS [v3 MQTT-3.3.1-5] [v3 MQTT-3.3.1-6] [v3 MQTT-3.3.1-8]",
  `
    ${BEGINNING}
    a> PUBLISH t/1 retain "old"
    a> PUBLISH t/1 retain "new"
    a> PUBLISH t/2 retain qos=1 id=1 "one"
    a< PUBACK id=1
    a> PUBLISH t/3 retain qos=2 id=2 "two"
    a< PUBREC id=2
    a> PUBLISH other retain "x"
    b> SUBSCRIBE id=1 t/1 & SUBSCRIBE id=2 t/2 qos=2 & SUBSCRIBE id=3 t/3 qos=2
    b< SUBACK id=1 0
    b< PUBLISH t/1 retain "new"
    b< SUBACK id=2 2
    b< PUBLISH t/2 retain qos=1 id=1 "one"
    b< SUBACK id=3 2
    b< PUBLISH t/3 retain qos=2 id=2 "two"
  `,
);

testBefore5(
  "a wildcard gets all that match, each topic once",
  `
    ${BEGINNING}
    a> PUBLISH t/1 retain "1"
    a> PUBLISH t/2 retain "2"
    a> PUBLISH $x/1 retain "hidden"
    b> SUBSCRIBE id=1 +/1
    b< SUBACK id=1 0
    b< PUBLISH t/1 retain "1"
    b> SUBSCRIBE id=2 t/2
    b< SUBACK id=2 0
    b< PUBLISH t/2 retain "2"
  `,
);

testBefore5(
  "an established subscription gets messages without RETAIN [v3 MQTT-3.3.1-9]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t qos=1
    b< SUBACK id=1 1
    a> PUBLISH t retain "zero"
    b< PUBLISH t "zero"
    a> PUBLISH t retain qos=1 id=1 "one"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=1 "one"
  `,
);

testBefore5(
  "a message that waited for its subscriber comes without RETAIN [v3 MQTT-3.3.1-9]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    b> CONNECT v=?
    b< CONNACK
    b> SUBSCRIBE id=1 t qos=1
    b< SUBACK id=1 1
    b x
    a> PUBLISH t retain qos=1 id=1 "x"
    a< PUBACK id=1
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=1 "x"
  `,
);

testBefore5(
  "a retained QoS 0 message takes the place of what was retained before [v3 MQTT-3.3.1-7]",
  `
    ${BEGINNING}
    a> PUBLISH t retain qos=1 id=1 "one"
    a< PUBACK id=1
    a> PUBLISH t retain "zero"
    b> SUBSCRIBE id=1 t qos=1
    b< SUBACK id=1 1
    b< PUBLISH t retain "zero"
  `,
);

testBefore5(
  "an empty payload with RETAIN is delivered, removes the retained message, and is not stored [v3 MQTT-3.3.1-10] [v3 MQTT-3.3.1-11]",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    a> PUBLISH t retain "x"
    b< PUBLISH t "x"
    a> PUBLISH t retain
    b< PUBLISH t
    b> SUBSCRIBE id=2 t
    b< SUBACK id=2 0
    b< nothing
    a> PUBLISH t retain
    b< PUBLISH t
    b> SUBSCRIBE id=3 t
    b< SUBACK id=3 0
    b< nothing
  `,
);

testBefore5(
  "a message without RETAIN neither stores nor changes anything [v3 MQTT-3.3.1-12]",
  `
    ${BEGINNING}
    a> PUBLISH t "live"
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    b< nothing
    a> PUBLISH t retain "kept"
    b< PUBLISH t "kept"
    a> PUBLISH t "live"
    b< PUBLISH t "live"
    a> PUBLISH t
    b< PUBLISH t
    b> SUBSCRIBE id=2 t
    b< SUBACK id=2 0
    b< PUBLISH t retain "kept"
  `,
);

testBefore5(
  "subscribing again sends the retained messages again [v3 MQTT-3.8.4-3]",
  `
    ${BEGINNING}
    a> PUBLISH t retain "x"
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    b< PUBLISH t retain "x"
    b> SUBSCRIBE id=2 t qos=1
    b< SUBACK id=2 1
    b< PUBLISH t retain "x"
  `,
);

testBefore5(
  "resuming a session sends no retained messages: its subscriptions are not new",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> PUBLISH t retain "x"
    b> CONNECT v=?
    b< CONNACK
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    b< PUBLISH t retain "x"
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< nothing
  `,
);

testBefore5(
  "where retained messages are not offered they are delivered, and not kept",
  `
    ${BEGINNING}
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    a> PUBLISH t retain "x"
    b< PUBLISH t "x"
    b> SUBSCRIBE id=2 t
    b< SUBACK id=2 0
    b< nothing
    dropped retain_not_available=1
  `,
  { options: { retainAvailable: false } },
);
