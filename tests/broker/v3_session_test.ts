import { deepEqual } from "node:assert/strict";
import { Exchange } from "../support/exchange.ts";
import { test31, test311, testBefore5 } from "./before_5.ts";

test311(
  "Session Present is 0 for a new session, and with Clean Session 1, and 1 for a stored one [v3 MQTT-3.2.2-1] [v3 MQTT-3.2.2-2] [v3 MQTT-3.2.2-3]",
  `
    a> CONNECT v=4
    a< CONNACK                     (none was stored)
    a x
    a> CONNECT v=4
    a< CONNACK sessionPresent
    a> hex e0 00
    a! closed
    a> CONNECT v=4
    a< CONNACK sessionPresent
    a x
    a> CONNECT v=4 cleanStart
    a< CONNACK
    a x
    a> CONNECT v=4
    a< CONNACK                     (what Clean Session 1 began has ended)
  `,
);

test31(
  "CONNACK has no Session Present",
  `
    a> CONNECT v=3
    a< CONNACK
    a x
    a> CONNECT v=3
    a< CONNACK
  `,
);

testBefore5(
  "with Clean Session 0 a session goes on with its subscriptions and what came in the meantime [v3 MQTT-3.1.2-4] [v3 MQTT-3.1.2-5] [v3 MQTT-3.1.4-3]",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=2
    a< SUBACK id=1 2
    a x
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "one"
    b< PUBACK id=1
    b> PUBLISH t qos=2 id=2 "two"
    b< PUBREC id=2
    b> PUBREL id=2
    b< PUBCOMP id=2
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a< PUBLISH t qos=1 id=1 "one"
    a< PUBLISH t qos=2 id=2 "two"
    b> PUBLISH t "three"
    a< PUBLISH t "three"
  `,
);

testBefore5(
  "QoS 0 messages do not wait for a client that is away",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=2
    a< SUBACK id=1 2
    a x
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t "lost"
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a< nothing
    dropped offline_qos0=1
  `,
);

testBefore5(
  "QoS 0 messages wait where the settings say so",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=2
    a< SUBACK id=1 2
    a x
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t "kept"
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a< PUBLISH t "kept"
  `,
  { options: { queueQos0Messages: true } },
);

testBefore5(
  "Clean Session 1 discards the session and what waits for it [v3 MQTT-3.1.2-6] [v3 MQTT-3.1.4-3]",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a x
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "x"
    b< PUBACK id=1
    a> CONNECT v=? cleanStart
    a< CONNACK
    b> PUBLISH t qos=1 id=2 "y"
    b< PUBACK id=2
    a< nothing
    a x
    a> CONNECT v=?
    a< CONNACK
    a< nothing
  `,
);

testBefore5(
  "a session with Clean Session 1 ends with its connection [v3 MQTT-3.1.2-6] [v3 MQTT-4.1.0-2]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    b> CONNECT v=? cleanStart
    b< CONNACK
    wait 365d
    b> PUBLISH t qos=1 id=1 "while it lasts"
    b< PUBACK id=1
    a< PUBLISH t qos=1 id=1 "while it lasts"
    a x
    b> PUBLISH t qos=1 id=2 "x"
    b< PUBACK id=2
    a> CONNECT v=?
    a< CONNACK
    a< nothing
  `,
);

testBefore5(
  "a session with Clean Session 0 stays, however long its client is away [v3 MQTT-3.1.2-4] [v3 MQTT-4.1.0-1]",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a x
    wait 3650d
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "x"
    b< PUBACK id=1
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a< PUBLISH t qos=1 id=1 "x"
  `,
);

testBefore5(
  "a session with Clean Session 0 ends after the time that the settings give it, counted from its client's leaving",
  `
    a> CONNECT v=?
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    wait 2h
    a x
    wait 3599s
    b> CONNECT v=? cleanStart
    b< CONNACK
    b> PUBLISH t qos=1 id=1 "in time"
    b< PUBACK id=1
    a> CONNECT v=?
    a< CONNACK sessionPresent=*
    a< PUBLISH t qos=1 id=1 "in time"
    a> PUBACK id=1
    a x
    wait 1h
    b> PUBLISH t qos=1 id=1 "too late"
    b< PUBACK id=1
    a> CONNECT v=?
    a< CONNACK
    a< nothing
  `,
  { options: { persistentClientExpirationSeconds: 3600 } },
);

testBefore5(
  "the Client Identifier names the session: another one is another session [v3 MQTT-3.1.3-2]",
  `
    a> CONNECT v=? clientId=id
    a< CONNACK
    a> SUBSCRIBE id=1 t
    a< SUBACK id=1 0
    a x
    b> CONNECT v=? clientId=ID
    b< CONNACK
    b> PUBLISH t "x"
    b< nothing
    a> CONNECT v=? clientId=id
    a< CONNACK sessionPresent=*
    b> PUBLISH t "y"
    a< PUBLISH t "y"
  `,
);

testBefore5(
  "a second connection goes on with the session of the first, in flight and all [v3 MQTT-3.1.4-2] [v3 MQTT-4.4.0-1]",
  `
    a> CONNECT v=? clientId=same
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=1 & PUBLISH t qos=1 id=7 "x"
    a< SUBACK id=1 1
    a< PUBLISH t qos=1 id=1 "x"
    a< PUBACK id=7
    b> CONNECT v=? clientId=same
    a! closed
    b< CONNACK sessionPresent=*
    b< PUBLISH t qos=1 id=1 dup "x"
  `,
);

testBefore5(
  "retained messages do not go with a session [v3 MQTT-3.1.2-7]",
  `
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> PUBLISH t retain "x"
    a> hex e0 00
    a! closed
    a> CONNECT v=? cleanStart
    a< CONNACK
    a> SUBSCRIBE id=1 t
    a< SUBACK id=1 0
    a< PUBLISH t retain "x"
  `,
);

for (const version of [4, 3]) {
  Deno.test(`MQTT 3.${version === 4 ? "1.1" : "1"}: of a discarded session nothing is left [v3 MQTT-3.1.2-6]`, () => {
    const exchange = new Exchange({ store: true }).play(`
      a> CONNECT v=${version}
      a< CONNACK
      a> SUBSCRIBE id=1 t qos=1 u/# qos=2
      a< SUBACK id=1 1 2
      a x
      b> CONNECT v=${version} cleanStart
      b< CONNACK
      b> PUBLISH t qos=1 id=1 "x"
      b< PUBACK id=1
      a> CONNECT v=${version} cleanStart
      a< CONNACK
    `);
    const { broker, store } = exchange.test;
    deepEqual([...broker.clients.keys()].toSorted(), ["a", "b"]);
    deepEqual([broker.core.router.size, broker.levels.queuedBytes], [0, 0]);
    deepEqual([...store!.load().sessions], []);
  });
}
