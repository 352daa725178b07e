import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

const STORE = { store: true };
/** a has a session that is stored and reads t; b has none and publishes. */
const TWO = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> CONNECT
  b< CONNACK
  hold commits
`;

testExchange(
  "PUBACK leaves after the commit; the QoS 1 delivery at once [MQTT-4.3.2-4]",
  `${TWO}
  b> PUBLISH t qos=1 id=7 1
  a< PUBLISH t qos=1 id=1 1
  b< nothing
  commit
  b< PUBACK id=7
  `,
  STORE,
);

testExchange(
  "PUBREC and the QoS 2 delivery leave after the commit [MQTT-4.3.3-8]",
  `${TWO}
  b> PUBLISH t qos=2 id=7 1
  b< nothing
  a< nothing
  commit
  b< PUBREC id=7
  a< PUBLISH t qos=2 id=1 1
  `,
  STORE,
);

testExchange(
  "PUBREC, PUBCOMP and PUBREL of stored sessions leave after their commits [MQTT-4.3.3-8]",
  `${TWO}
  a> PUBLISH u qos=2 id=7 1
  a< nothing
  commit
  a< PUBREC id=7 NoMatchingSubscribers
  a> PUBREL id=7
  a< nothing
  commit
  a< PUBCOMP id=7
  b> PUBLISH t qos=2 id=8 2
  commit
  b< PUBREC id=8
  a< PUBLISH t qos=2 id=1 2
  a> PUBREC id=1
  a< nothing
  commit
  a< PUBREL id=1
  a> PUBCOMP id=1
  `,
  STORE,
);

testExchange(
  "SUBACK and UNSUBACK of a stored session leave after the commit; others at once",
  `${TWO}
  b> SUBSCRIBE id=2 u & UNSUBSCRIBE id=3 u
  b< SUBACK id=2 0
  b< UNSUBACK id=3 0
  a> SUBSCRIBE id=2 u
  a< nothing
  commit
  a< SUBACK id=2 0
  a> UNSUBSCRIBE id=3 u
  a< nothing
  commit
  a< UNSUBACK id=3 0
  a> UNSUBSCRIBE id=4 u          (nothing is written, but it may repeat what is not committed)
  a< nothing
  commit
  a< UNSUBACK id=4 NoSubscriptionExisted
  `,
  STORE,
);

testExchange(
  "The CONNACK of a stored session leaves after the commit, and nothing before it [MQTT-3.2.0-1] [MQTT-3.2.2-3]",
  `${TWO}
  c> CONNECT sessionExpiryInterval=600 & PINGREQ & SUBSCRIBE id=1 t qos=1
  c< nothing
  b> PUBLISH t 1
  a< PUBLISH t 1
  c< nothing
  commit all
  c< CONNACK
  c< SUBACK id=1 1
  c< PINGRESP
  c< PUBLISH t 1
  hold commits
  a x
  commit
  a> CONNECT sessionExpiryInterval=600
  a< nothing
  commit
  a< CONNACK sessionPresent
  d> CONNECT
  d< CONNACK                     (its session promises nothing)
  `,
  STORE,
);

testExchange(
  "What was granted holds before its SUBACK has left: messages come, QoS 1 once",
  `${TWO}
  a> SUBSCRIBE id=2 u qos=1
  b> PUBLISH u qos=1 id=1 1
  a< PUBLISH u qos=1 id=1 1
  commit
  a< SUBACK id=2 1
  commit
  b< PUBACK id=1
  `,
  STORE,
);

testExchange(
  "Acknowledgements keep the order of the messages, also where one has nothing to wait for [MQTT-4.6.0-5]",
  `${TWO}
  b> PUBLISH t qos=1 id=1 1
  a< PUBLISH t qos=1 id=1 1
  b> PUBLISH nobody qos=1 id=2 2
  b> PUBLISH t qos=1 id=3 3 & PUBLISH nobody qos=2 id=4 4 & PINGREQ
  a< PUBLISH t qos=1 id=2 3
  b< PINGRESP
  commit
  b< PUBACK id=1
  b< nothing
  commit all
  b< PUBACK id=2 NoMatchingSubscribers
  b< PUBACK id=3
  b< PUBREC id=4 NoMatchingSubscribers
  `,
  STORE,
);

Deno.test("One read is one commit, however many packets are in it", () => {
  const { test } = new Exchange(STORE).play(`${TWO}
    b> PUBLISH t qos=1 id=1 1 & PUBLISH t qos=1 id=2 2 & PUBLISH u qos=1 id=3 retain 3
    a< PUBLISH t qos=1 id=1 1
    a< PUBLISH t qos=1 id=2 2
  `);
  assert.equal(test.store!.waiting, 1);
});

Deno.test("What touches nothing that is stored commits nothing", () => {
  const { test } = new Exchange(STORE).play(`
    hold commits
    a> CONNECT
    a< CONNACK
    a> SUBSCRIBE id=1 t qos=2
    a< SUBACK id=1 2
    a> PUBLISH t qos=1 id=1 1 & PUBLISH t qos=2 id=2 2
    a< PUBLISH t qos=1 id=1 1
    a< PUBACK id=1
    a< PUBLISH t qos=2 id=2 2
    a< PUBREC id=2
    a> PUBACK id=1 & PUBREC id=2 & PUBREL id=2
    a< PUBREL id=2
    a< PUBCOMP id=2
    a> PUBCOMP id=2 & PINGREQ & DISCONNECT
    a< PINGRESP
    a! closed
  `);
  assert.equal(test.store!.waiting, 0);
  assert.equal(test.store!.writes, 0);
});

testExchange(
  "A retained message is acknowledged after its commit",
  `${TWO}
  b> PUBLISH u qos=1 id=1 retain 1
  b< nothing
  commit
  b< PUBACK id=1 NoMatchingSubscribers
  `,
  STORE,
);

testExchange(
  "What waits for the commit counts against the Receive Maximum",
  `${TWO}
  b> PUBLISH t qos=1 id=1 1
  a< PUBLISH t qos=1 id=1 1
  b> PUBLISH t qos=1 id=2 2
  a< PUBLISH t qos=1 id=2 2
  b> PUBLISH t qos=1 id=3 3
  b< DISCONNECT ReceiveMaximumExceeded
  b! closed
  `,
  { ...STORE, options: { maxInflightMessages: 2 } },
);

testExchange(
  "An acknowledgement of a connection that has ended since is not sent, nor anything after DISCONNECT " +
    "[MQTT-3.14.4-1]",
  `${TWO}
  b> PUBLISH t qos=1 id=1 1 & CONNECT
  a< PUBLISH t qos=1 id=1 1
  b< DISCONNECT ProtocolError
  b! closed
  c> CONNECT
  c< CONNACK
  c> PUBLISH t qos=1 id=1 2
  a< PUBLISH t qos=1 id=2 2
  c x
  commit all
  b< nothing
  c< nothing
  `,
  STORE,
);

Deno.test("While the store fails, QoS 1 and 2 and stored subscriptions are refused with 0x97, and 3.1.1 is closed", () => {
  const exchange = new Exchange(STORE).play(`${TWO}commit all`);
  exchange.test.store!.isFailing = true;
  exchange.play(`
    b> PUBLISH t qos=1 id=1 1
    b< PUBACK id=1 QuotaExceeded
    b> PUBLISH t qos=2 id=2 2
    b< PUBREC id=2 QuotaExceeded
    b> PUBLISH t 3
    a< PUBLISH t 3
    a> SUBSCRIBE id=2 u
    a< SUBACK id=2 QuotaExceeded
    b> SUBSCRIBE id=2 u
    b< SUBACK id=2 0
    c> CONNECT v=4 cleanStart
    c< CONNACK
    c> PUBLISH t qos=1 id=1 4
    c! closed
  `);
});

Deno.test("While the store is full QoS 0 is delivered, and neither retained nor kept for who is away", () => {
  const exchange = new Exchange({ ...STORE, options: { queueQos0Messages: true } }).play(`
    ${TWO}
    commit all
    b> PUBLISH r retain "long"
    commit all
  `);
  exchange.test.store!.isFailing = exchange.test.store!.isFull = true;
  exchange.play(`
    b> PUBLISH t retain 1
    a< PUBLISH t 1
    b> PUBLISH r retain "less"
    a x
    b> PUBLISH t 2
    b> SUBSCRIBE id=1 # qos=0
    b< SUBACK id=1 0
    b< PUBLISH r retain "less"
    commit all
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK sessionPresent
  `);
});

Deno.test("A refusal with 0x97 does not overtake what waits for a commit that fails; on another connection it comes at once [MQTT-4.6.0-2]", () => {
  const exchange = new Exchange(STORE).play(`${TWO}
    b> PUBLISH t qos=1 id=1 1
    a< PUBLISH t qos=1 id=1 1
    b< nothing
  `);
  exchange.test.store!.isFailing = true;
  exchange.play(`
    b> PUBLISH t qos=1 id=2 2
    b> PUBLISH t qos=2 id=3 3
    b> PINGREQ
    b< PINGRESP
    c> CONNECT
    c< CONNACK
    c> PUBLISH t qos=1 id=1 4
    c< PUBACK id=1 QuotaExceeded
  `);
  exchange.test.store!.isFailing = false;
  exchange.play(`
    commit all
    b< PUBACK id=1
    b< PUBACK id=2 QuotaExceeded
    b< PUBREC id=3 QuotaExceeded
  `);
});

testExchange(
  "A retained message that somebody removes again is acknowledged only when its removal is stored",
  `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  b< CONNACK
  a> PUBLISH t retain qos=1 id=1 "x"
  a< PUBACK id=1 reasonCode=0x10
  hold commits
  a> PUBLISH t retain qos=1 id=2 ""
  b> PUBLISH t retain qos=1 id=7 ""
  a< nothing
  b< nothing
  commit
  a< PUBACK id=2 reasonCode=0x10
  commit
  b< PUBACK id=7 reasonCode=0x10
  `,
  STORE,
);

testExchange(
  "CONNACK leaves when the end of the session before is stored, though the new one never is [MQTT-3.1.2-4]",
  `${TWO}
  a x
  commit all
  hold commits
  a> CONNECT cleanStart
  a< nothing
  commit all
  a< CONNACK
  c> CONNECT cleanStart
  c< CONNACK
  `,
  STORE,
);

Deno.test("While the store fails what waits for it is bounded: one commit is awaited, and what closed connections waited with is gone", () => {
  const exchange = new Exchange(STORE).play(`${TWO}
    b> PUBLISH t qos=1 id=1 1
    a< PUBLISH t qos=1 id=1 1
  `);
  const store = exchange.test.store!;
  store.isFailing = true;
  const awaited: unknown[] = [];
  const { commit } = store;
  store.commit = (done) => {
    if (done !== undefined) awaited.push(done);
    commit.call(store, done);
  };
  for (let i = 0; i < 50; i++) {
    exchange.play(`
      c> CONNECT sessionExpiryInterval=600
      c< others
      c> PUBREL id=1
      c< nothing
      c x
    `);
  }
  exchange.play(`
    d> CONNECT sessionExpiryInterval=600
    d< CONNACK
    d> PUBREL id=1
    d> PUBREL id=2
    d< nothing
  `);
  assert.equal(awaited.length, 0);
  assert.equal(exchange.test.broker.core.releases.deferredCount, 1);
  store.isFailing = false;
  exchange.play(`
    commit all
    b< PUBACK id=1
    d< PUBCOMP id=1 PacketIdentifierNotFound
    d< PUBCOMP id=2 PacketIdentifierNotFound
  `);
  assert.equal(awaited.length, 1);
});

Deno.test("Who asks the same again and again while the store fails is disconnected before it fills the memory", () => {
  const exchange = new Exchange(STORE).play(`${TWO}
    c> CONNECT sessionExpiryInterval=600
    commit all
    c< CONNACK
    hold commits
    b> PUBLISH t qos=1 id=1 1
    a< PUBLISH t qos=1 id=1 1
  `);
  exchange.test.store!.isFailing = true;
  // One takes 5 bytes, and 1 MiB is the limit.
  const many = `c> hex ${"62020001".repeat(4096)}`;
  for (let i = 0; i < 51; i++) exchange.play(`${many}\nc< nothing`);
  exchange.play(`${many}\nc< DISCONNECT QuotaExceeded\nc! closed`);
  assert.equal(exchange.test.broker.core.releases.deferredCount, 0);
});

Deno.test("A QoS 2 message that is repeated while the store fails is acknowledged only when it is stored [MQTT-4.3.3-8]", () => {
  const exchange = new Exchange(STORE).play(`${TWO}
    a> PUBLISH u qos=2 id=1 1
    a< nothing
  `);
  exchange.test.store!.isFailing = true;
  exchange.play(`
    a x
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK sessionPresent
    a> PUBLISH u dup qos=2 id=1 1
    a< nothing
  `);
  exchange.test.store!.isFailing = false;
  exchange.play(`
    commit all
    a< PUBREC id=1
  `);
});

Deno.test("Who asks for something and is closed in the same turn, while the store fails, is not remembered", () => {
  const exchange = new Exchange(STORE).play(`${TWO}
    b> PUBLISH t qos=1 id=1 1
    a< PUBLISH t qos=1 id=1 1
  `);
  exchange.test.store!.isFailing = true;
  exchange.play(`
    c> CONNECT sessionExpiryInterval=600
    c< CONNACK
    c> PUBREL id=1 & CONNECT
    c< DISCONNECT ProtocolError
    c! closed
  `);
  assert.equal(exchange.test.broker.core.releases.deferredCount, 0);
});

testExchange(
  "What has been committed counts no more against the Receive Maximum",
  `${TWO}
  b> PUBLISH t qos=1 id=1 1 & PUBLISH t qos=1 id=2 2
  a< PUBLISH t qos=1 id=1 1
  a< PUBLISH t qos=1 id=2 2
  a> PUBACK id=1 & PUBACK id=2
  commit all
  b< PUBACK id=1
  b< PUBACK id=2
  b> PUBLISH t qos=1 id=3 3
  a< PUBLISH t qos=1 id=3 3
  b< PUBACK id=3
  `,
  { ...STORE, options: { maxInflightMessages: 2 } },
);
