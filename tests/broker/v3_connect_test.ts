import { ReasonCode } from "../../lib/codec/mod.ts";
import type { Setup } from "../support/test_broker.ts";
import { test31, test311, testBefore5 } from "./before_5.ts";

testBefore5(
  "an accepted CONNECT is answered with CONNACK 0, before anything else [v3 MQTT-3.1.4-4] [v3 MQTT-3.2.0-1]",
  `
    a> CONNECT v=? cleanStart & SUBSCRIBE id=1 t & PINGREQ
    a< CONNACK
    a< SUBACK id=1 0
    a< PINGRESP
  `,
);

test311(
  "CONNACK comes first to a session for which messages wait [v3 MQTT-3.2.0-1]",
  `
    a> CONNECT v=4
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a x
    b> CONNECT v=4 cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "x"
    b< PUBACK id=1
    a> CONNECT v=4 & PINGREQ
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=1 "x"
    a< PINGRESP
  `,
);

test311(
  "CONNACK comes first, although it waits for the store and what waits for the client does not [v3 MQTT-3.2.0-1]",
  `
    a> CONNECT v=4
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a x
    b> CONNECT v=4 cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "x"
    b< PUBACK id=1
    hold commits
    a> CONNECT v=4 & PINGREQ
    a< nothing
    b> PUBLISH t "y"
    a< nothing
    commit all
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=1 "x"
    a< PINGRESP
    a< PUBLISH t "y"
    b> PUBLISH t "z"
    a< PUBLISH t "z"
  `,
  { store: true },
);

const ACCEPTED_IDS: readonly [what: string, clientId: string][] = [
  ["one letter", "a"],
  ["23 letters and digits", "0123456789abcdefghijABC"],
  ["every letter and digit", "ABCDEFGHIJKLMNOPQRSTUVW"],
  ["more than 23 characters", "x".repeat(1000)],
  ["other characters", "é/日 $-_"],
];
for (const [what, clientId] of ACCEPTED_IDS) {
  testBefore5(
    `a Client Identifier of ${what} is accepted [v3 MQTT-3.1.3-5]`,
    `
      a> CONNECT v=? clientId="${clientId}"
      a< CONNACK
    `,
  );
}

test311(
  "clients without a Client Identifier get one each, which nobody else has [v3 MQTT-3.1.3-6]",
  `
    a> CONNECT v=4 cleanStart clientId=""
    a< CONNACK
    b> CONNECT v=4 cleanStart clientId=""
    b< CONNACK
    a> PINGREQ
    a< PINGRESP
  `,
);

test311(
  "an empty Client Identifier with Clean Session 0 is answered with 2, and closed [v3 MQTT-3.1.3-8] [v3 MQTT-3.2.2-4] [v3 MQTT-3.2.2-5]",
  `
    a> CONNECT v=4 clientId=""
    a< CONNACK 2
    a! closed
  `,
);

test31(
  "an empty Client Identifier is answered with 2, and closed",
  `
    a> CONNECT v=3 cleanStart clientId=""
    a< CONNACK 2
    a! closed
  `,
);

test311(
  "an empty Client Identifier that the settings forbid is answered with 2, and closed [v3 MQTT-3.1.3-9]",
  `
    a> CONNECT v=4 cleanStart clientId=""
    a< CONNACK 2
    a! closed
  `,
  { options: { allowZeroLengthClientId: false } },
);

testBefore5(
  "a version that the listener does not take is answered with 1, and closed [v3 MQTT-3.1.2-2] [v3 MQTT-3.2.2-5]",
  `
    a> CONNECT v=?
    a< CONNACK 1
    a! closed
  `,
  { listener: { acceptProtocolVersions: [5] } },
);

/** CONNECT packets of a protocol that the broker does not speak, in the form of 3.1.1. */
const FOREIGN: readonly [what: string, hex: string, statement: string][] = [
  ["level 6", "10 0d 00 04 'MQTT' 06 02 00 3c 00 01 'a'", "[v3 MQTT-3.1.2-2]"],
  ["level 3 under the name of 3.1.1", "10 0d 00 04 'MQTT' 03 02 00 3c 00 01 'a'", ""],
  ["level 4 under the name of 3.1", "10 0f 00 06 'MQIsdp' 04 02 00 3c 00 01 'a'", ""],
  ["level 0x85", "10 0d 00 04 'MQTT' 85 02 00 3c 00 01 'a'", ""],
  ["another protocol name", "10 0d 00 04 'mqtt' 04 02 00 3c 00 01 'a'", "[v3 MQTT-3.1.2-1]"],
];
for (const [what, hex, statement] of FOREIGN) {
  test311(
    `a CONNECT of ${what} is answered with 1, and closed ${statement}`.trimEnd(),
    `
      a> hex ${hex} c0 00
      a< CONNACK 1
      a! closed
    `,
  );
}

/** The Reason Code that access control gives, and the return code that tells it; undefined: closed without a word. */
const REFUSALS: readonly [reasonCode: ReasonCode, returnCode: number | undefined][] = [
  [ReasonCode.ClientIdentifierNotValid, 2],
  [ReasonCode.ServerUnavailable, 3],
  [ReasonCode.ServerBusy, 3],
  [ReasonCode.QuotaExceeded, 3],
  [ReasonCode.BadUserNameOrPassword, 4],
  [ReasonCode.NotAuthorized, 5],
  [ReasonCode.Banned, 5],
  [ReasonCode.UnspecifiedError, undefined],
  [ReasonCode.UseAnotherServer, undefined],
];
for (const [reasonCode, returnCode] of REFUSALS) {
  const setup: Setup = {
    access: { authenticate: (_, reply) => reply({ isAllowed: false, reasonCode }) },
  };
  testBefore5(
    `a refusal for 0x${reasonCode.toString(16)} is ${
      returnCode === undefined
        ? "no CONNACK [v3 MQTT-3.2.2-6]"
        : `return code ${returnCode}, Session Present 0 [v3 MQTT-3.2.2-4]`
    }, and closed [v3 MQTT-3.2.2-5]`,
    `
      a> CONNECT v=? userName=u password="p"
      ${returnCode === undefined ? "a< nothing" : `a< CONNACK ${returnCode}`}
      a! closed
    `,
    setup,
  );
}

testBefore5(
  "after a rejected CONNECT nothing more is processed [v3 MQTT-3.1.4-5]",
  `
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> SUBSCRIBE id=1 #
    b< SUBACK id=1 0
    a> CONNECT v=? clientId=no & PUBLISH t "x" & PINGREQ
    a< CONNACK 5
    a! closed
    b< nothing
  `,
  {
    access: {
      authenticate: ({ clientId }, reply) =>
        reply(
          clientId === "no"
            ? { isAllowed: false, reasonCode: ReasonCode.NotAuthorized }
            : { isAllowed: true },
        ),
    },
  },
);

testBefore5(
  "too many connections are answered with 3, and closed",
  `
    a> CONNECT v=?
    a< CONNACK
    b> CONNECT v=?
    b< CONNACK 3
    b! closed
  `,
  { listener: { maxConnections: 1 } },
);

testBefore5(
  "a second CONNECT ends the connection [v3 MQTT-3.1.0-2]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> CONNECT v=? cleanStart
    a< nothing
    a! closed
  `,
);

const FIRST_PACKETS = [
  'PUBLISH t "x"',
  "PUBACK id=1",
  "PUBREL id=1",
  "SUBSCRIBE id=1 t",
  "UNSUBSCRIBE id=1 t",
  "PINGREQ",
  "DISCONNECT",
];
for (const packet of FIRST_PACKETS) {
  testBefore5(
    `${packet} before CONNECT ends the connection without a word [v3 MQTT-3.1.0-1] [v3 MQTT-4.8.0-1]`,
    `
      a> ${packet.startsWith("DISCONNECT") ? "hex e0 00" : packet}
      a< nothing
      a! closed
    `,
  );
}

testBefore5(
  "a second connection of a Client Identifier closes the first without a word [v3 MQTT-3.1.4-2]",
  `
    a> CONNECT v=? cleanStart clientId=same
    a< CONNACK
    b> CONNECT v=? cleanStart clientId=same
    b< CONNACK
    a< nothing
    a! closed
    b> PINGREQ
    b< PINGRESP
  `,
);

testBefore5(
  "nothing received for one and a half Keep Alive periods closes the connection, and its will is published [v3 MQTT-3.1.2-24]",
  `
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> SUBSCRIBE id=1 w
    b< SUBACK id=1 0
    a> CONNECT v=? cleanStart keepAlive=10 will.topic=w will.payload="gone"
    a< CONNACK
    wait 14999ms
    a> PINGREQ
    a< PINGRESP
    wait 14999ms
    wait 1ms
    a! closed
    b< PUBLISH w "gone"
  `,
);

testBefore5(
  "what the broker sends does not keep a silent client alive [v3 MQTT-3.1.2-24]",
  `
    b> CONNECT v=? cleanStart
    b< CONNACK
    a> CONNECT v=? cleanStart keepAlive=10
    a< CONNACK
    a> SUBSCRIBE id=1 t
    a< SUBACK id=1 0
    wait 10s
    b> PUBLISH t "x"
    a< PUBLISH t "x"
    wait 5s
    a! closed
  `,
);

testBefore5(
  "Keep Alive 0 keeps a silent client",
  `
    a> CONNECT v=? cleanStart keepAlive=0
    a< CONNACK
    wait 30d
    a> PINGREQ
    a< PINGRESP
  `,
);

testBefore5(
  "PINGREQ is answered with PINGRESP [v3 MQTT-3.12.4-1]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> PINGREQ & PINGREQ
    a< PINGRESP
    a< PINGRESP
  `,
);
