import { testBefore5 } from "./before_5.ts";

/** b watches; a has a will. */
const BEGINNING = `
  b> CONNECT v=? cleanStart
  b< CONNACK
  b> SUBSCRIBE id=1 # qos=2
  b< SUBACK id=1 2
`;

const ENDINGS: readonly [what: string, script: string][] = [
  ["the network fails", "a x"],
  ["the client breaks the protocol", "a> hex c1 00\na! closed"],
  ["the client is silent for too long", "wait 90s\na! closed"],
  [
    "another connection takes over",
    "c> CONNECT v=? cleanStart clientId=a\na! closed\nc< CONNACK",
  ],
];
for (const [what, script] of ENDINGS) {
  testBefore5(
    `a will is published when ${what} [v3 MQTT-3.1.2-8]`,
    `
      ${BEGINNING}
      a> CONNECT v=? cleanStart keepAlive=60 will.topic=w will.payload="gone" will.qos=1
      a< CONNACK
      b< nothing
      ${script}
      b< PUBLISH w qos=1 id=1 "gone"
    `,
  );
}

testBefore5(
  "DISCONNECT takes the will away, for good [v3 MQTT-3.14.4-3] [v3 MQTT-3.1.2-10]",
  `
    ${BEGINNING}
    a> CONNECT v=? will.topic=w will.payload="gone"
    a< CONNACK
    a> hex e0 00
    a! closed
    b< nothing
    wait 1d
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a x
    b< nothing
  `,
);

testBefore5(
  "a will is published once: the next connection has none unless it brings one [v3 MQTT-3.1.2-10] [v3 MQTT-3.1.2-12]",
  `
    ${BEGINNING}
    a> CONNECT v=? will.topic=w will.payload="gone"
    a< CONNACK
    a x
    b< PUBLISH w "gone"
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a x
    b< nothing
  `,
);

for (const qos of [0, 1, 2]) {
  testBefore5(
    `a will of QoS ${qos} without Will Retain goes out as a message that is not retained [v3 MQTT-3.1.2-16]`,
    `
      ${BEGINNING}
      a> CONNECT v=? cleanStart will.topic=w will.payload="gone" will.qos=${qos}
      a< CONNACK
      a x
      b< PUBLISH w qos=${qos} id=${qos > 0 ? 1 : 0} "gone"
      c> CONNECT v=? cleanStart
      c< CONNACK
      c> SUBSCRIBE id=1 w
      c< SUBACK id=1 0
      c< nothing
    `,
  );
  testBefore5(
    `a will of QoS ${qos} with Will Retain is retained [v3 MQTT-3.1.2-17]`,
    `
      ${BEGINNING}
      a> CONNECT v=? cleanStart will.topic=w will.payload="gone" will.qos=${qos} will.retain
      a< CONNACK
      a x
      b< PUBLISH w qos=${qos} id=${qos > 0 ? 1 : 0} "gone"
      c> CONNECT v=? cleanStart
      c< CONNACK
      c> SUBSCRIBE id=1 w qos=2
      c< SUBACK id=1 2
      c< PUBLISH w qos=${qos} id=${qos > 0 ? 1 : 0} retain "gone"
    `,
  );
}

testBefore5(
  "an empty will with Will Retain removes the retained message",
  `
    ${BEGINNING}
    b> PUBLISH w retain "here"
    b< PUBLISH w "here"
    a> CONNECT v=? cleanStart will.topic=w will.retain
    a< CONNACK
    a x
    b< PUBLISH w
    b> SUBSCRIBE id=2 w
    b< SUBACK id=2 0
    b< nothing
  `,
);

testBefore5(
  "a Will Topic with wildcards is refused without CONNACK [v3 MQTT-3.2.2-6]",
  `
    a> CONNECT v=? cleanStart will.topic=w/# will.payload="gone"
    a< nothing
    a! closed
  `,
);

testBefore5(
  "a will of more QoS than the listener takes goes out at that QoS",
  `
    ${BEGINNING.replace("SUBACK id=1 2", "SUBACK id=1 1")}
    a> CONNECT v=? cleanStart will.topic=w will.payload="gone" will.qos=2
    a< CONNACK
    a x
    b< PUBLISH w qos=1 id=1 "gone"
  `,
  { listener: { maxQos: 1 } },
);
