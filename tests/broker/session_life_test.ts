import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

testExchange(
  "Clean Start 0 goes on with the session, and makes one where there is none " +
    "[MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.4-4] [MQTT-3.2.2-3] [MQTT-3.1.3-2]",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a x
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1 "while away"
  b< PUBACK id=1
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 "while away"
  `,
);

testExchange(
  "Clean Start 1 ends the session there was: its subscriptions, its queue, its Packet Identifiers " +
    "[MQTT-3.1.2-4] [MQTT-3.1.4-4] [MQTT-3.2.2-2]",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a> PUBLISH t qos=2 id=9 "unacknowledged"
  a< PUBLISH t qos=1 id=1 "unacknowledged"
  a< PUBREC id=9
  a x
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1 "queued"
  b< PUBACK id=1
  a> CONNECT cleanStart sessionExpiryInterval=60
  a< CONNACK
  a< nothing
  b> PUBLISH t qos=1 id=1 "nobody wants it"
  b< PUBACK id=1 NoMatchingSubscribers
  a> PUBREL id=9
  a< PUBCOMP id=9 PacketIdentifierNotFound
  `,
);

testExchange(
  "Without a Session Expiry Interval the session ends with its connection " +
    "[MQTT-3.1.2-23] [MQTT-4.1.0-2]",
  `
  a> CONNECT
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a x
  b> CONNECT
  b< CONNACK
  b> PUBLISH t qos=1 id=1
  b< PUBACK id=1 NoMatchingSubscribers
  a> CONNECT
  a< CONNACK
  `,
);

testExchange(
  "A session ends when its Session Expiry Interval has passed, not before " +
    "[MQTT-3.1.2-23] [MQTT-4.1.0-1] [MQTT-4.1.0-2]",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  wait 2h              (it does not run while the client is there)
  a x
  wait 59999ms
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent
  a x
  wait 60s
  a> CONNECT
  a< CONNACK
  `,
);

testExchange(
  "0xFFFFFFFF is for ever",
  `
  a> CONNECT sessionExpiryInterval=4294967295
  a< CONNACK !sessionExpiryInterval
  a x
  wait 100000d
  a> CONNECT
  a< CONNACK sessionPresent
  `,
);

testExchange(
  "A CONNECT gives the session it resumes another Session Expiry Interval",
  `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  a x
  a> CONNECT sessionExpiryInterval=10
  a< CONNACK sessionPresent
  a x
  wait 10s
  a> CONNECT sessionExpiryInterval=10
  a< CONNACK
  a x
  a> CONNECT
  a< CONNACK sessionPresent
  a x
  a> CONNECT
  a< CONNACK
  `,
);

const changes: [asked: string, last: string, wait: string, isPresent: boolean][] = [
  ["sessionExpiryInterval=60", "sessionExpiryInterval=0", "wait 0s", false],
  ["sessionExpiryInterval=60", "sessionExpiryInterval=5", "wait 4s", true],
  ["sessionExpiryInterval=60", "sessionExpiryInterval=5", "wait 5s", false],
  ["sessionExpiryInterval=5", "sessionExpiryInterval=60", "wait 59s", true],
  ["sessionExpiryInterval=5", "", "wait 5s", false],
  ["", "sessionExpiryInterval=0", "wait 0s", false],
];
for (const [asked, last, wait, isPresent] of changes) {
  testExchange(
    `CONNECT ${asked || "without"}, DISCONNECT ${last || "without"}, ${wait}: ` +
      (isPresent ? "the session is there" : "the session is gone"),
    `
    a> CONNECT ${asked}
    a< CONNACK
    a> DISCONNECT ${last}
    a! closed
    ${wait}
    a> CONNECT
    a< CONNACK ${isPresent ? "sessionPresent" : ""}
    `,
  );
}

testExchange(
  "A DISCONNECT may not give a session a life that its CONNECT did not ask for; what it is told has no " +
    "Session Expiry Interval [MQTT-3.14.2-2]",
  `
  a> CONNECT
  a< CONNACK
  a> DISCONNECT sessionExpiryInterval=60
  a< DISCONNECT ProtocolError !sessionExpiryInterval
  a! closed
  a> CONNECT
  a< CONNACK
  `,
);

testExchange(
  "A limit of Session Expiry Intervals is told and kept, in DISCONNECT too",
  `
  a> CONNECT sessionExpiryInterval=4294967295
  a< CONNACK sessionExpiryInterval=60
  a> DISCONNECT sessionExpiryInterval=3600
  a! closed
  wait 59s
  a> CONNECT sessionExpiryInterval=30
  a< CONNACK sessionPresent !sessionExpiryInterval
  a x
  wait 30s
  a> CONNECT
  a< CONNACK
  `,
  { options: { maxSessionExpirySeconds: 60 } },
);

testExchange(
  "persistent_client_expiration ends the sessions of every version",
  `
  a> CONNECT v=4
  a< CONNACK
  a x
  b> CONNECT sessionExpiryInterval=3600
  b< CONNACK sessionExpiryInterval=60
  b x
  wait 59s
  a> CONNECT v=4
  a< CONNACK sessionPresent
  a x
  wait 60s
  a> CONNECT v=4
  a< CONNACK
  b> CONNECT
  b< CONNACK
  `,
  { options: { persistentClientExpirationSeconds: 60 } },
);

testExchange(
  "A second connection of a Client Identifier takes over: 0x8E to the first [MQTT-3.1.4-3]",
  `
  a1> CONNECT clientId=a sessionExpiryInterval=60
  a1< CONNACK
  a1> SUBSCRIBE id=1 t qos=1
  a1< SUBACK id=1 1
  a1> PUBLISH t qos=1 id=5 "1"
  a1< PUBLISH t qos=1 id=1 "1"
  a1< PUBACK id=5
  a2> CONNECT clientId=a sessionExpiryInterval=60
  a1< DISCONNECT SessionTakenOver
  a1! closed
  a2< CONNACK sessionPresent
  a2< PUBLISH t qos=1 id=1 dup "1"
  `,
);

testExchange(
  "Taking over with Clean Start 1, or from a session that ends with its connection, finds no session",
  `
  a1> CONNECT clientId=a sessionExpiryInterval=60
  a1< CONNACK
  a2> CONNECT clientId=a cleanStart
  a1< DISCONNECT SessionTakenOver
  a1! closed
  a2< CONNACK
  a3> CONNECT clientId=a
  a2< DISCONNECT SessionTakenOver
  a2! closed
  a3< CONNACK
  `,
);

testExchange(
  "A 3.1.1 client that is taken over is closed; a 5.0 client goes on with its session, and back",
  `
  a1> CONNECT v=4 clientId=a
  a1< CONNACK
  a1> SUBSCRIBE id=1 t qos=1
  a1< SUBACK id=1 1
  a2> CONNECT v=5 clientId=a sessionExpiryInterval=60
  a1! closed
  a2< CONNACK sessionPresent
  a2> PUBLISH t qos=1 id=1 contentType=c "1"
  a2< PUBLISH t qos=1 id=1 contentType=c "1"
  a2< PUBACK id=1
  a3> CONNECT v=4 clientId=a
  a2< DISCONNECT SessionTakenOver
  a2! closed
  a3< CONNACK sessionPresent
  a3< PUBLISH t qos=1 id=1 dup "1"
  `,
);

testExchange(
  "While its client is there a session does not expire, whatever was to come while it was away [MQTT-3.1.2-23]",
  `
  a> CONNECT sessionExpiryInterval=5
  a< CONNACK
  a x
  wait 4s
  a> CONNECT sessionExpiryInterval=5
  a< CONNACK sessionPresent
  wait 60s
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a> PUBLISH t qos=1 id=1 1
  a< PUBLISH t qos=1 id=1 1
  a< PUBACK id=1
  a x
  wait 4s
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup 1
  `,
);

Deno.test("A session that has ended is not kept in memory by the routes that led to it", () => {
  const exchange = new Exchange();
  for (let i = 0; i < 50; i++) {
    exchange.play(`
      a> CONNECT
      a< CONNACK
      a> SUBSCRIBE id=1 # qos=1
      a< SUBACK id=1 1
      p> CONNECT
      p< CONNACK
      p> PUBLISH t/${i} qos=1 id=1 1
      p< PUBACK id=1
      a< PUBLISH t/${i} qos=1 id=1 1
      a x
      p x
    `);
  }
  assert.equal(exchange.test.broker.core.router.rememberedCount, 0);
});
