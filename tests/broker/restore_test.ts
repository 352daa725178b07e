import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

const STORE = { store: true };
/** a has a session that is stored and reads t; b publishes. */
const TWO = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2 subscriptionIdentifiers=7 retainAsPublished
  a< SUBACK id=1 2
  b> CONNECT
  b< CONNACK
`;

testExchange(
  "What was acknowledged is there after a crash: subscriptions with their options, what waits, what is under way",
  `${TWO}
  b> PUBLISH t qos=1 id=1 1
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=1 1 subscriptionIdentifiers=7
  b> PUBLISH t qos=2 id=2 2
  b< PUBREC id=2
  a< PUBLISH t qos=2 id=2 2 subscriptionIdentifiers=7
  b> PUBLISH t qos=2 id=3 3
  b< PUBREC id=3
  a< PUBLISH t qos=2 id=3 3 subscriptionIdentifiers=7
  a> PUBREC id=2
  a< PUBREL id=2
  a x
  b> PUBLISH t qos=1 id=4 user:a=b correlationData=0x00 messageExpiryInterval=60 4
  b< PUBACK id=4
  crash
  wait 10s
  b> CONNECT
  b< CONNACK
  b> PUBLISH t retain qos=1 id=5 5
  b< PUBACK id=5
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup 1 subscriptionIdentifiers=7
  a< PUBLISH t qos=2 id=3 dup 3 subscriptionIdentifiers=7
  a< PUBREL id=2
  a< PUBLISH t qos=1 id=4 user:a=b correlationData=0x00 messageExpiryInterval=50 4 subscriptionIdentifiers=7
  a< PUBLISH t retain qos=1 id=5 5 subscriptionIdentifiers=7
  `,
  STORE,
);

testExchange(
  "A QoS 2 message that was acknowledged with PUBREC is not routed again after a crash [MQTT-4.3.3-10]",
  `${TWO}
  a> PUBLISH u qos=2 id=9 1
  a< PUBREC id=9 NoMatchingSubscribers
  crash
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 u
  b< SUBACK id=1 0
  a> CONNECT
  a< CONNACK sessionPresent
  a> PUBLISH u qos=2 id=9 dup 1
  a< PUBREC id=9
  b< nothing
  a> PUBREL id=9
  a< PUBCOMP id=9
  `,
  STORE,
);

testExchange(
  "Retained messages are there after a crash, and those removed or expired are not",
  `${TWO}
  b> PUBLISH u/1 retain 1 & PUBLISH u/2 retain 2 & PUBLISH u/3 retain messageExpiryInterval=5 3
  b> PUBLISH u/1 retain 4 & PUBLISH u/2 retain
  crash
  wait 5s
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 u/#
  b< SUBACK id=1 0
  b< PUBLISH u/1 retain 4
  `,
  STORE,
);

testExchange(
  "What was not committed was not acknowledged, and is gone after a crash",
  `${TWO}
  hold commits
  b> PUBLISH t qos=1 id=1 1
  a< PUBLISH t qos=1 id=1 1 subscriptionIdentifiers=7
  a> SUBSCRIBE id=2 u
  c> CONNECT sessionExpiryInterval=60
  crash
  commit all
  a> CONNECT
  a< CONNACK sessionPresent
  a> UNSUBSCRIBE id=3 u
  a< UNSUBACK id=3 NoSubscriptionExisted
  c> CONNECT
  c< CONNACK
  `,
  STORE,
);

testExchange(
  "Session expiry and a will's delay go on across a crash; who was connected is away since then",
  `${TWO}
  c> CONNECT sessionExpiryInterval=60 will.topic=t will.payload=gone will.willDelayInterval=30
  c< CONNACK
  c x
  wait 20s
  crash
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  wait 9999ms
  a< nothing
  wait 1ms
  a< PUBLISH t gone subscriptionIdentifiers=7
  wait 30s
  c> CONNECT
  c< CONNACK
  a x
  wait 599s
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  crash
  wait 600s
  a> CONNECT
  a< CONNACK
  `,
  STORE,
);

testExchange(
  "A will that was published, or cancelled, is not published again after a crash [MQTT-3.1.2-10]",
  `${TWO}
  c> CONNECT sessionExpiryInterval=600 will.topic=t will.payload=gone will.willDelayInterval=30
  c< CONNACK
  c x
  wait 30s
  a< PUBLISH t gone subscriptionIdentifiers=7
  d> CONNECT sessionExpiryInterval=600 will.topic=t will.payload=gone will.willDelayInterval=30
  d< CONNACK
  d x
  d> CONNECT sessionExpiryInterval=600
  d< CONNACK sessionPresent
  crash
  a> CONNECT
  a< CONNACK sessionPresent
  wait 1h
  a< nothing
  `,
  STORE,
);

Deno.test("What comes after a restart does not take the place of what was stored before it", () => {
  const { test } = new Exchange(STORE).play(`${TWO}
    a x
    b> PUBLISH t qos=1 id=1 1
    b< PUBACK id=1
    crash
    b> CONNECT
    b< CONNACK
    b> PUBLISH t qos=1 id=1 2
    b< PUBACK id=1
  `);
  const stored = [...test.store!.load().sessions].find(({ clientId }) => clientId === "a");
  const payloads = stored!.deliveries.map(({ delivery: { message } }) =>
    String.fromCharCode(...message.payload)
  );
  assert.deepEqual(payloads, ["1", "2"]);
});
