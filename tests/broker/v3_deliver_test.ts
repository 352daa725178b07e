import { testBefore5 } from "./before_5.ts";

/** a publishes; b subscribes to t at QoS 2 and stays away with its session. */
const BEGINNING = `
  b> CONNECT v=?
  b< CONNACK
  b> SUBSCRIBE id=1 t qos=2
  b< SUBACK id=1 2
  a> CONNECT v=? cleanStart
  a< CONNACK
`;

/** What a message published at one QoS is delivered at, when another is granted. */
const GRANTED: readonly [published: number, granted: number][] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [2, 0],
  [2, 1],
  [2, 2],
];
for (const [published, granted] of GRANTED) {
  const delivered = Math.min(published, granted);
  testBefore5(
    `QoS ${published} is delivered at QoS ${delivered} where ${granted} was granted [v3 MQTT-3.8.4-6]`,
    `
      b> CONNECT v=? cleanStart
      b< CONNACK
      b> SUBSCRIBE id=1 t qos=${granted}
      b< SUBACK id=1 ${granted}
      a> CONNECT v=? cleanStart
      a< CONNACK
      a> PUBLISH t qos=${published} id=${published > 0 ? 9 : 0} "x"
      ${["a< nothing", "a< PUBACK id=9", "a< PUBREC id=9"][published]}
      b< PUBLISH t qos=${delivered} id=${delivered > 0 ? 1 : 0} "x"
    `,
  );
}

testBefore5(
  "QoS 1 is delivered with an unused Packet Identifier and without DUP, until PUBACK [v3 MQTT-4.3.2-1] [v3 MQTT-2.3.1-4]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 "one" & PUBLISH t qos=1 id=2 "two"
    a< PUBACK id=1
    a< PUBACK id=2
    b< PUBLISH t qos=1 id=1 "one"
    b< PUBLISH t qos=1 id=2 "two"
    b> PUBACK id=1
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=2 dup "two"
    b> PUBACK id=2
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< nothing
  `,
);

testBefore5(
  "QoS 2 is delivered by PUBLISH, PUBREC, PUBREL, PUBCOMP [v3 MQTT-4.3.3-1] [v3 MQTT-2.3.1-6]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "x"
    a< PUBREC id=1
    b< PUBLISH t qos=2 id=1 "x"
    b> PUBREC id=1
    b< PUBREL id=1
    b> PUBREC id=1
    b< PUBREL id=1
    b> PUBCOMP id=1
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< nothing
  `,
);

testBefore5(
  "on reconnecting, what is unacknowledged comes again with its Packet Identifier: PUBLISH with DUP, and PUBREL [v3 MQTT-4.4.0-1] [v3 MQTT-3.3.1-1] [v3 MQTT-4.3.3-1]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t qos=2 id=3 "3"
    a< PUBREC id=1
    a< PUBACK id=2
    a< PUBREC id=3
    b< PUBLISH t qos=2 id=1 "1"
    b< PUBLISH t qos=1 id=2 "2"
    b< PUBLISH t qos=2 id=3 "3"
    b> PUBREC id=1
    b< PUBREL id=1
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=2 dup "2"
    b< PUBLISH t qos=2 id=3 dup "3"
    b< PUBREL id=1
    b> PUBCOMP id=1 & PUBACK id=2 & PUBREC id=3
    b< PUBREL id=3
    b> PUBCOMP id=3
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< nothing
  `,
);

testBefore5(
  "PUBREL comes again in the order of the PUBRECs [v3 MQTT-4.6.0-6]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=2 id=1 & PUBLISH t qos=2 id=2 & PUBLISH t qos=2 id=3
    a< PUBREC id=1
    a< PUBREC id=2
    a< PUBREC id=3
    b< PUBLISH t qos=2 id=1
    b< PUBLISH t qos=2 id=2
    b< PUBLISH t qos=2 id=3
    b> PUBREC id=3 & PUBREC id=1
    b< PUBREL id=3
    b< PUBREL id=1
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=2 id=2 dup
    b< PUBREL id=3
    b< PUBREL id=1
  `,
);

testBefore5(
  "nothing is sent again while the connection lasts, however long it takes",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 "x"
    a< PUBACK id=1
    b< PUBLISH t qos=1 id=1 "x"
    wait 30d
    b< nothing
  `,
);

testBefore5(
  "a Packet Identifier is used anew when it is free, not before [v3 MQTT-2.3.1-4]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 & PUBLISH t qos=1 id=2
    a< PUBACK id=1
    a< PUBACK id=2
    b< PUBLISH t qos=1 id=1
    b< PUBLISH t qos=1 id=2
    b> PUBACK id=2
    a> PUBLISH t qos=1 id=3
    a< PUBACK id=3
    b< PUBLISH t qos=1 id=3
  `,
);

testBefore5(
  "QoS 0 is delivered without DUP and Packet Identifier, and at most once [v3 MQTT-4.3.1-1]",
  `
    ${BEGINNING}
    a> PUBLISH t "x"
    b< PUBLISH t "x"
    b x
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< nothing
  `,
);

testBefore5(
  "the messages of one client on one topic come in their order, through every wait [v3 MQTT-4.6.0-5] [v3 MQTT-4.6.0-6]",
  `
    ${BEGINNING}
    a> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t qos=1 id=3 "3"
    a< PUBACK id=1
    a< PUBACK id=2
    a< PUBACK id=3
    b< PUBLISH t qos=1 id=1 "1"
    b< PUBLISH t qos=1 id=2 "2"
    b x
    a> PUBLISH t qos=1 id=4 "4"
    a< PUBACK id=4
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=1 dup "1"
    b< PUBLISH t qos=1 id=2 dup "2"
    a> PUBLISH t qos=1 id=5 "5"
    a< PUBACK id=5
    b> PUBACK id=1
    b< PUBLISH t qos=1 id=3 "3"
    b> PUBACK id=2 & PUBACK id=3
    b< PUBLISH t qos=1 id=4 "4"
    b< PUBLISH t qos=1 id=5 "5"
  `,
  { options: { maxInflightMessages: 2 } },
);

testBefore5(
  "overlapping subscriptions deliver once, at the highest QoS [v3 MQTT-3.3.5-1]",
  `
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> SUBSCRIBE id=1 a/# qos=0 a/+ qos=2 a/b qos=1
    b< SUBACK id=1 0 2 1
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> PUBLISH a/b qos=2 id=1 "x"
    a< PUBREC id=1
    b< PUBLISH a/b qos=2 id=1 "x"
    a> PUBLISH a/b/c qos=2 id=2 "y"
    a< PUBREC id=2
    b< PUBLISH a/b/c "y"
  `,
);

const ONE_EACH: readonly [topicFilter: string, topicNames: string, notNames: string][] = [
  ["a/b", "a/b", "a a/b/c A/b a/B /a/b a/b/"],
  ["a/+", "a/b a/", "a a/b/c"],
  ["+/+", "a/b /a", "a $x/b a/b/c"],
  ["a/#", "a a/b a/b/c", "b $a/b"],
  ["#", "a /a a/b/c", "$x $x/y"],
  ["$x/#", "$x/y $x", "x/y"],
  ["+/y", "a/y /y", "$x/y"],
];
for (const [topicFilter, topicNames, notNames] of ONE_EACH) {
  testBefore5(
    `"${topicFilter}" gets ${topicNames}, as they are, and not ${notNames} [v3 MQTT-3.3.2-3] [v3 MQTT-4.7.2-1]`,
    `
      b> CONNECT v=? cleanStart
      b< CONNACK
      b> SUBSCRIBE id=1 ${topicFilter}
      b< SUBACK id=1 0
      a> CONNECT v=? cleanStart
      a< CONNACK
      ${topicNames.split(" ").map((name) => `a> PUBLISH ${name}\nb< PUBLISH ${name}`).join("\n")}
      ${notNames.split(" ").map((name) => `a> PUBLISH ${name}\nb< nothing`).join("\n")}
    `,
  );
}

testBefore5(
  "a full queue drops what is new, and counts it",
  `
    ${BEGINNING}
    b x
    a> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t qos=1 id=3 "3"
    a< PUBACK id=1
    a< PUBACK id=2
    a< PUBACK id=3
    dropped queue_full=1
    b> CONNECT v=?
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=1 "1"
    b< PUBLISH t qos=1 id=2 "2"
  `,
  { options: { maxQueuedMessages: 2 } },
);
