import { deepEqual } from "node:assert/strict";
import { Exchange, testExchange } from "../support/exchange.ts";

const STORE = { store: true };
/** m reads the wills, and its session is stored. */
const MONITOR = `
  m> CONNECT sessionExpiryInterval=0xffffffff
  m< CONNACK
  m> SUBSCRIBE id=1 will/#
  m< SUBACK id=1 0
`;
const AGAIN = `
  crash
  m> CONNECT sessionExpiryInterval=0xffffffff
  m< CONNACK sessionPresent
`;
const WILL = "will.topic=will/c will.payload=gone";

const LEFT: [what: string, connect: string][] = [
  ["with a stored session", `CONNECT sessionExpiryInterval=600 ${WILL}`],
  ["of 3.1.1 with a stored session", `CONNECT v=4 ${WILL}`],
  ["without a session, with a will that is retained", `CONNECT cleanStart ${WILL} will.retain`],
  ["of 3.1.1 without a session, the same", `CONNECT v=4 cleanStart ${WILL} will.retain`],
];
for (const [what, connect] of LEFT) {
  testExchange(
    `A client ${what}, that does not come back after a crash: its will is published after will_recovery_delay`,
    `${MONITOR}
    c> ${connect}
    c< CONNACK
    ${AGAIN}
    wait 59999ms
    m< nothing
    wait 1ms
    m< PUBLISH will/c gone
    wait 2h
    ${AGAIN}
    wait 2h
    m< nothing
    `,
    STORE,
  );

  for (const clean of ["", " cleanStart"]) {
    const isStored = what.includes("with a stored session");
    const present = isStored && clean === "" ? " sessionPresent" : "";
    testExchange(
      `A client ${what}, that comes back after a crash${clean}: its will of then is not published, and there is ${
        present === "" ? "no session" : "its session"
      }`,
      `${MONITOR}
      c> ${connect}
      c< CONNACK
      ${AGAIN}
      wait 30s
      ${AGAIN}
      wait 29s
      c> CONNECT v=4${clean}
      c< CONNACK${present}
      wait 2h
      m< nothing
      ${AGAIN}
      wait 2h
      m< nothing
      `,
      STORE,
    );
  }

  testExchange(
    `A client ${what}, that has taken its will away before a crash: it is not published`,
    `${MONITOR}
    c> ${connect}
    c< CONNACK
    c> DISCONNECT
    c! closed
    ${AGAIN}
    wait 2h
    m< nothing
    `,
    STORE,
  );

  testExchange(
    `A client ${what}, that was lost before a crash: its will is not published once more`,
    `${MONITOR}
    c> ${connect}
    c< CONNACK
    c x
    m< PUBLISH will/c gone
    ${AGAIN}
    wait 2h
    m< nothing
    `,
    STORE,
  );
}

testExchange(
  "A will that is not to be retained, of a client whose session is not stored, ends with the process",
  `${MONITOR}
  c> CONNECT ${WILL}
  c< CONNACK
  ${AGAIN}
  wait 2h
  m< nothing
  `,
  STORE,
);

testExchange(
  "With a will_recovery_delay of 0 wills are published at once after a crash, and what is retained says so",
  `
  c> CONNECT cleanStart ${WILL} will.retain will.qos=1
  c< CONNACK
  c> PUBLISH will/c retain online
  crash
  m> CONNECT
  m< CONNACK
  m> SUBSCRIBE id=1 will/#
  m< SUBACK id=1 0
  m< PUBLISH will/c retain gone
  `,
  { ...STORE, options: { willRecoveryDelaySeconds: 0 } },
);

testExchange(
  "After a crash a Will Delay Interval begins that is longer, and the session's end comes before both [MQTT-3.1.3-9]",
  `${MONITOR}
  c> CONNECT sessionExpiryInterval=600 will.topic=will/c will.payload=1 will.willDelayInterval=90
  c< CONNACK
  d> CONNECT sessionExpiryInterval=30 will.topic=will/d will.payload=2 will.willDelayInterval=90
  d< CONNACK
  ${AGAIN}
  wait 29s
  m< nothing
  wait 1s
  m< PUBLISH will/d 2
  wait 59s
  m< nothing
  wait 1s
  m< PUBLISH will/c 1
  `,
  STORE,
);

testExchange(
  "The time to come back begins with the first start, however often the process ends",
  `${MONITOR}
  c> CONNECT cleanStart ${WILL} will.retain
  c< CONNACK
  ${AGAIN}
  wait 40s
  ${AGAIN}
  wait 19s
  m< nothing
  wait 1s
  m< PUBLISH will/c gone
  `,
  STORE,
);

testExchange(
  "Another user with the Client Identifier is not the client that was lost: its will is published",
  `${MONITOR}
  c> CONNECT userName=alice cleanStart ${WILL} will.retain
  c< CONNACK
  ${AGAIN}
  c> CONNECT userName=bob sessionExpiryInterval=600
  c< CONNACK
  m< PUBLISH will/c gone
  ${AGAIN}
  wait 2h
  m< nothing
  `,
  STORE,
);

testExchange(
  "Of a client whose session is not stored nothing is but its will",
  `
  c> CONNECT clientId=c ${WILL} will.retain
  c< CONNACK
  c> SUBSCRIBE id=1 t qos=1
  c< SUBACK id=1 1
  p> CONNECT
  p< CONNACK
  p> PUBLISH t qos=1 id=1 1
  p< PUBACK id=1
  c< PUBLISH t qos=1 id=1 1
  c> PUBLISH u qos=2 id=9 2
  c< PUBREC id=9 NoMatchingSubscribers
  crash
  c> CONNECT clientId=c sessionExpiryInterval=60
  c< CONNACK
  p> CONNECT
  p< CONNACK
  p> PUBLISH t qos=1 id=1 2
  p< PUBACK id=1 NoMatchingSubscribers
  c> PUBLISH u qos=2 id=9 2
  c< PUBREC id=9 NoMatchingSubscribers
  `,
  STORE,
);

/** What a client does, and whether the commit of what is written then is made at once though nobody waits for it. */
const SOON: [what: string, script: string, isSoon: boolean][] = [
  ["a will whose delay begins", `c x`, true],
  ["a will that is published", "d x\nm< PUBLISH will/d 2", true],
  ["a will that is taken away", "d> DISCONNECT\nd! closed", true],
  [
    "a will that comes with its client",
    "e> CONNECT will.topic=w will.payload=3 will.retain\ne< CONNACK",
    false,
  ],
];
for (const [what, script, isSoon] of SOON) {
  Deno.test(`The commit of ${what} is made ${isSoon ? "soon" : "when there is time"}`, () => {
    const exchange = new Exchange(STORE).play(`${MONITOR}
      c> CONNECT sessionExpiryInterval=600 ${WILL} will.willDelayInterval=60
      c< CONNACK
      d> CONNECT will.topic=will/d will.payload=2 will.retain
      d< CONNACK
    `);
    const store = exchange.test.store!;
    const commit = store.commit.bind(store);
    const asked: boolean[] = [];
    store.commit = (done) => {
      asked.push(done !== undefined);
      commit(done);
    };
    exchange.play(script);
    deepEqual(asked, [isSoon]);
  });
}
