import { Exchange } from "../support/exchange.ts";
import { testBefore5 } from "./before_5.ts";

/** What a client may not send, as bytes. */
const VIOLATIONS: readonly [what: string, hex: string, statements: string][] = [
  ["a PUBLISH to a/#", "30 05 00 03 'a/#'", "[v3 MQTT-3.3.2-2] [v3 MQTT-4.7.1-1]"],
  ["a PUBLISH to +", "30 03 00 01 '+'", "[v3 MQTT-3.3.2-2] [v3 MQTT-4.7.1-1]"],
  ["a PUBLISH without a topic", "30 02 00 00", "[v3 MQTT-4.7.3-1]"],
  ["a PUBLISH of QoS 3", "36 05 00 01 't' 00 01", "[v3 MQTT-3.3.1-4]"],
  ["a PUBLISH with Packet Identifier 0", "32 05 00 01 't' 00 00", "[v3 MQTT-2.3.1-1]"],
  ["a topic with U+0000", "30 05 00 03 'a' 00 'b'", "[v3 MQTT-1.5.3-2]"],
  ["a topic that is no UTF-8", "30 04 00 02 c0 80", "[v3 MQTT-1.5.3-1]"],
  ["a PUBREL with other flags", "60 02 00 01", "[v3 MQTT-3.6.1-1]"],
  ["a SUBSCRIBE with other flags", "80 06 00 01 00 01 't' 00", "[v3 MQTT-3.8.1-1]"],
  ["a SUBSCRIBE without a filter", "82 02 00 01", "[v3 MQTT-3.8.3-3]"],
  ["a SUBSCRIBE of QoS 3", "82 06 00 01 00 01 't' 03", "[v3 MQTT-3.8.3-4]"],
  ["a SUBSCRIBE with a reserved bit", "82 06 00 01 00 01 't' 04", "[v3 MQTT-3.8.3-4]"],
  ["a SUBSCRIBE to a/#/b", "82 0a 00 01 00 05 'a/#/b' 00", "[v3 MQTT-4.7.1-2]"],
  ["a SUBSCRIBE to an empty filter", "82 05 00 01 00 00 00", "[v3 MQTT-4.7.3-1]"],
  ["an UNSUBSCRIBE of an empty filter", "a2 04 00 01 00 00", "[v3 MQTT-4.7.3-1]"],
  ["a SUBSCRIBE to a+", "82 07 00 01 00 02 'a+' 00", "[v3 MQTT-4.7.1-3]"],
  ["an UNSUBSCRIBE with other flags", "a0 05 00 01 00 01 't'", "[v3 MQTT-3.10.1-1]"],
  ["an UNSUBSCRIBE without a filter", "a2 02 00 01", "[v3 MQTT-3.10.3-2]"],
  ["an UNSUBSCRIBE of a+", "a2 06 00 01 00 02 'a+'", "[v3 MQTT-4.7.1-3]"],
  ["a PINGREQ with flags", "c1 00", "[v3 MQTT-2.2.2-2]"],
  ["a DISCONNECT with flags", "e1 00", "[v3 MQTT-3.14.1-1]"],
  ["a packet of type 0", "00 00", "[v3 MQTT-2.2.2-2]"],
  ["a packet of type 15", "f0 00", "[v3 MQTT-2.2.2-2]"],
  ["a CONNACK", "20 02 00 00", ""],
  ["a SUBACK", "90 03 00 01 00", ""],
  ["an UNSUBACK", "b0 02 00 01", ""],
  ["a PINGRESP", "d0 00", ""],
  ["a Remaining Length of five bytes", "30 ff ff ff ff 7f", ""],
];
for (const [what, hex, statements] of VIOLATIONS) {
  testBefore5(
    `${what} ends that connection without a word, and nobody else's [v3 MQTT-4.8.0-1] ${statements}`
      .trim(),
    `
      b> CONNECT v=? cleanStart
      b< CONNACK
      b> SUBSCRIBE id=1 #
      b< SUBACK id=1 0
      a> CONNECT v=? cleanStart
      a< CONNACK
      a> hex ${hex} c0 00
      a< nothing
      a! closed
      b> PINGREQ
      b< PINGRESP
    `,
  );
}

/** A CONNECT of 3.1.1 that breaks the format. */
const CONNECTS: readonly [what: string, hex: string, statements: string][] = [
  ["a reserved flag", "10 0d 00 04 'MQTT' 04 03 00 3c 00 01 'a'", "[v3 MQTT-3.1.2-3]"],
  ["flags in its first byte", "11 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'", "[v3 MQTT-2.2.2-2]"],
  ["no Client Identifier", "10 0a 00 04 'MQTT' 04 02 00 3c", "[v3 MQTT-3.1.3-3]"],
  ["a will that is not there", "10 0d 00 04 'MQTT' 04 06 00 3c 00 01 'a'", "[v3 MQTT-3.1.2-9]"],
  [
    "a password without a user",
    "10 10 00 04 'MQTT' 04 42 00 3c 00 01 'a' 00 01 'p'",
    "[v3 MQTT-3.1.2-22]",
  ],
];
for (const [what, hex, statements] of CONNECTS) {
  testBefore5(
    `a CONNECT with ${what} ends the connection without CONNACK [v3 MQTT-3.1.4-1] ${statements}`,
    `
      b> CONNECT v=? cleanStart
      b< CONNACK
      a> hex ${hex}
      a< nothing
      a! closed
      b> PINGREQ
      b< PINGRESP
    `,
  );
}

/** Acknowledgements that do not fit what is in flight: 1 is QoS 1, 2 is QoS 2. */
const MISFITS = ["PUBREC id=1", "PUBCOMP id=1", "PUBACK id=2", "PUBCOMP id=2"];
for (const misfit of MISFITS) {
  testBefore5(
    `${misfit} ends the connection where 1 is a QoS 1 message and 2 a QoS 2 one, both unacknowledged`,
    `
      a> CONNECT v=?
      a< CONNACK
      a> SUBSCRIBE id=1 t qos=2 & PUBLISH t qos=1 id=1 & PUBLISH t qos=2 id=2
      a< SUBACK id=1 2
      a< PUBLISH t qos=1 id=1
      a< PUBACK id=1
      a< PUBLISH t qos=2 id=2
      a< PUBREC id=2
      a> ${misfit}
      a! closed
      a> CONNECT v=?
      a< CONNACK sessionPresent=*
      a< PUBLISH t qos=1 id=1 dup
      a< PUBLISH t qos=2 id=2 dup
    `,
  );
}

testBefore5(
  "a packet over the limit ends the connection before its body is read",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> hex 30 e9 07
    a! closed
  `,
  { options: { maxPacketSizeBytes: 1000 } },
);

for (const version of [4, 3]) {
  Deno.test(`MQTT 3.${version === 4 ? "1.1" : "1"}: whoever publishes what cannot be stored is closed, and sends it again; QoS 0 goes on`, () => {
    const exchange = new Exchange({ store: true });
    exchange.play(`
      a> CONNECT v=${version}
      a< CONNACK
      a> SUBSCRIBE id=1 # qos=2
      a< SUBACK id=1 2
    `);
    exchange.test.store!.isFailing = true;
    exchange.play(`
      a> PUBLISH t "zero" & PUBLISH t qos=1 id=1 "one" & PUBLISH t qos=2 id=2 "two"
      a< PUBLISH t "zero"
      a! closed
      a> CONNECT v=${version} clientId=a
      a< CONNACK${version === 4 ? " sessionPresent" : ""}
      a> PUBLISH t qos=2 id=2 "two"
      a! closed
    `);
    exchange.test.store!.isFailing = false;
    exchange.play(`
      a> CONNECT v=${version} clientId=a
      a< CONNACK${version === 4 ? " sessionPresent" : ""}
      a> PUBLISH t qos=1 id=1 dup "one" & PUBLISH t qos=2 id=2 dup "two"
      a< PUBLISH t qos=1 id=1 "one"
      a< PUBACK id=1
      a< PUBLISH t qos=2 id=2 "two"
      a< PUBREC id=2
    `);
  });
}
