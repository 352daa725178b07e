import { strict as assert } from "node:assert";
import type { Publish } from "../../lib/codec/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

const TWO = `
  a> CONNECT
  a< CONNACK
  b> CONNECT sessionExpiryInterval=60
  b< CONNACK
`;

testExchange(
  "The last message with RETAIN is kept and sent to a new subscription, with RETAIN " +
    "[MQTT-3.3.1-5] [MQTT-3.3.1-8] [MQTT-3.3.1-9]",
  `${TWO}
  a> PUBLISH t retain "1"
  a> PUBLISH t retain "2" contentType=c user:a=b
  a> PUBLISH t "not kept"
  b> SUBSCRIBE id=1 t qos=1
  b< SUBACK id=1 1
  b< PUBLISH t retain "2" contentType=c user:a=b
  `,
);

testExchange(
  "An empty one removes it, and goes to those who are subscribed like any other [MQTT-3.3.1-6] [MQTT-3.3.1-7]",
  `${TWO}
  b> SUBSCRIBE id=1 t
  b< SUBACK id=1 0
  a> PUBLISH t retain "1"
  b< PUBLISH t "1"
  a> PUBLISH t retain
  b< PUBLISH t
  a> PUBLISH t retain             (there is nothing to remove)
  b< PUBLISH t
  b> SUBSCRIBE id=2 t
  b< SUBACK id=2 0
  b< nothing
  `,
);

const handling: [option: string, first: boolean, again: boolean][] = [
  ["", true, true],
  ["retainHandling=0", true, true],
  ["retainHandling=1", true, false],
  ["retainHandling=2", false, false],
];
for (const [option, first, again] of handling) {
  testExchange(
    `SUBSCRIBE ${option}: retained messages ${first ? "come" : "do not come"} at first, and ` +
      `${again ? "come" : "do not come"} again; after UNSUBSCRIBE it is as at first ` +
      "[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]",
    `${TWO}
    a> PUBLISH t retain "1"
    b> SUBSCRIBE id=1 t ${option}
    b< SUBACK id=1 0
    b< ${first ? 'PUBLISH t retain "1"' : "nothing"}
    b> SUBSCRIBE id=2 t ${option}
    b< SUBACK id=2 0
    b< ${again ? 'PUBLISH t retain "1"' : "nothing"}
    b x
    b> CONNECT sessionExpiryInterval=60
    b< CONNACK sessionPresent     (resuming is not subscribing)
    b> UNSUBSCRIBE id=3 t
    b< UNSUBACK id=3 0
    b> SUBSCRIBE id=4 t ${option}
    b< SUBACK id=4 0
    b< ${first ? 'PUBLISH t retain "1"' : "nothing"}
    `,
  );
}

testExchange(
  "Retain As Published keeps the flag as it came; without it RETAIN is 0 [MQTT-3.3.1-12] [MQTT-3.3.1-13]",
  `${TWO}
  b> SUBSCRIBE id=1 t/+ retainAsPublished u/+
  b< SUBACK id=1 0 0
  a> PUBLISH t/1 retain "1" & PUBLISH t/2 "2" & PUBLISH u/1 retain "3" & PUBLISH u/2 "4"
  b< PUBLISH t/1 retain "1"
  b< PUBLISH t/2 "2"
  b< PUBLISH u/1 "3"
  b< PUBLISH u/2 "4"
  `,
);

testExchange(
  "A retained message comes at the lower of its QoS and the subscription's, once for each new subscription",
  `${TWO}
  a> PUBLISH t/1 retain qos=1 id=1 "1" & PUBLISH t/2 retain "2"
  a< PUBACK id=1 NoMatchingSubscribers
  a< nothing
  b> SUBSCRIBE id=1 t/# qos=2 subscriptionIdentifiers=7
  b< SUBACK id=1 2
  b< PUBLISH t/1 retain qos=1 id=1 "1" subscriptionIdentifiers=7
  b< PUBLISH t/2 retain "2" subscriptionIdentifiers=7
  b> SUBSCRIBE id=2 t/1
  b< SUBACK id=2 0
  b< PUBLISH t/1 retain "1"
  b> SUBSCRIBE id=3 $share/s/t/#
  b< SUBACK id=3 0                (a shared subscription gets none)
  `,
);

testExchange(
  "A retained message goes when it expires, or when retain_expiry_interval has passed",
  `${TWO}
  a> PUBLISH t/1 retain "1" messageExpiryInterval=5
  a> PUBLISH t/2 retain "2" messageExpiryInterval=50
  a> PUBLISH t/3 retain "3"
  wait 4s
  b> SUBSCRIBE id=1 t/#
  b< SUBACK id=1 0
  b< PUBLISH t/1 retain "1" messageExpiryInterval=1
  b< PUBLISH t/2 retain "2" messageExpiryInterval=16
  b< PUBLISH t/3 retain "3" messageExpiryInterval=16
  wait 1s
  b> SUBSCRIBE id=1 t/1
  b< SUBACK id=1 0
  wait 15s
  b> SUBSCRIBE id=2 t/#
  b< SUBACK id=2 0
  dropped expired=3
  `,
  { options: { retainExpiryIntervalSeconds: 20 } },
);

testExchange(
  "Above the limit of retained messages a new topic is not kept, a known one is replaced",
  `${TWO}
  a> PUBLISH t/1 retain "1" & PUBLISH t/2 retain "2" & PUBLISH t/3 retain "3" & PUBLISH t/1 retain "4"
  b> SUBSCRIBE id=1 t/#
  b< SUBACK id=1 0
  b< PUBLISH t/1 retain "4"
  b< PUBLISH t/2 retain "2"
  dropped retained_limit=1
  `,
  { options: { maxRetainedMessages: 2 } },
);

testExchange(
  "Above the limit of retained bytes a message is not kept, nor the one that it was to replace",
  `${TWO}
  a> PUBLISH t retain size=50
  a> PUBLISH u retain size=50
  a> PUBLISH t retain size=1 & PUBLISH u retain size=97
  a> PUBLISH t retain size=98
  b> SUBSCRIBE id=1 #
  b< SUBACK id=1 0
  b< PUBLISH u retain size=97
  dropped retained_limit=2
  `,
  { options: { maxRetainedBytes: 100 } },
);

testExchange(
  "hash_matches_parent false: a/# does not match a, neither live nor retained",
  `${TWO}
  a> PUBLISH t retain "1" & PUBLISH t/1 retain "2"
  b> SUBSCRIBE id=1 t/#
  b< SUBACK id=1 0
  b< PUBLISH t/1 retain "2"
  a> PUBLISH t "3" & PUBLISH t/1 "4"
  b< PUBLISH t/1 "4"
  `,
  { options: { hashMatchesParent: false } },
);

/** Keeps `count` messages of 100 bytes on t/0000, t/0001, … */
function withRetained(count: number): Exchange {
  const exchange = new Exchange().play(TWO);
  const payload = new Uint8Array(100);
  exchange.test.turn(() => {
    for (let i = 0; i < count; i++) {
      exchange.test.broker.publish({ topicName: `t/${pad(i)}`, payload, retain: true });
    }
  });
  return exchange;
}

function pad(i: number): string {
  return String(i).padStart(4, "0");
}

function topicsOf(exchange: Exchange, name: string): string[] {
  return exchange.take(name).map((packet) => (packet as Publish).topicName);
}

Deno.test("A large match comes in slices, paced by what the client takes, complete and in order", () => {
  const exchange = withRetained(3000);
  exchange.play(`
    b stops reading
    b> SUBSCRIBE id=1 t/#
    a> PUBLISH x                  (others go on meanwhile)
  `);
  const { unsentBytes } = exchange.link("b").connection!.outbox;
  assert(unsentBytes > 0 && unsentBytes < 128 * 1024, `${unsentBytes} bytes wait`);
  exchange.play(`
    b reads
    b< SUBACK id=1 0
    b< others
  `);
  assert.deepEqual(topicsOf(exchange, "b"), Array.from({ length: 3000 }, (_, i) => `t/${pad(i)}`));
  exchange.play("dropped nothing");
});

Deno.test("A large match at QoS 1 is paced by acknowledgements, and nothing of it is dropped", () => {
  const exchange = new Exchange({ options: { maxQueuedMessages: 1, maxInflightMessages: 2 } });
  exchange.play(TWO);
  for (let i = 0; i < 50; i++) {
    exchange.play(`
      a> PUBLISH t/${pad(i)} retain qos=1 id=1 "1"
      a< PUBACK id=1 NoMatchingSubscribers
    `);
  }
  exchange.play(`
    b> SUBSCRIBE id=1 t/# qos=1
    b< SUBACK id=1 1
    b< PUBLISH t/0000 retain qos=1 id=1 "1"
    b< PUBLISH t/0001 retain qos=1 id=2 "1"
  `);
  for (let i = 2; i < 50; i++) {
    exchange.play(`
      b> PUBACK id=${i - 1}
      b< PUBLISH t/${pad(i)} retain qos=1 id=${i + 1} "1"
    `);
  }
  exchange.play("dropped nothing");
});

Deno.test("What changes during a large match is never followed by what it replaced", () => {
  const exchange = withRetained(3000);
  exchange.play(`
    b stops reading
    b> SUBSCRIBE id=1 t/#
    a> PUBLISH t/2999 retain "new" & PUBLISH t/2998 retain
    b reads
    b< SUBACK id=1 0
    b< others
  `);
  const last = (exchange.take("b") as Publish[]).filter(({ topicName }) => topicName >= "t/2998");
  const shown = last.map(({ topicName, payload, retain }) =>
    `${topicName} ${new TextDecoder().decode(payload)} ${retain}`
  );
  assert.deepEqual(shown, ["t/2999 new false", "t/2998  false", "t/2999 new true"]);
});

Deno.test("A large match goes on when its client comes back", () => {
  const exchange = withRetained(3000).play(`
    b stops reading
    b> SUBSCRIBE id=1 t/#
    b x
    b> CONNECT sessionExpiryInterval=60
    b< CONNACK sessionPresent
    b< others
  `);
  const topics = topicsOf(exchange, "b");
  assert(topics.length > 1000);
  assert.equal(topics.at(-1), "t/2999");
});

Deno.test("UNSUBSCRIBE ends a large match", () => {
  const exchange = withRetained(3000).play(`
    b stops reading
    b> SUBSCRIBE id=1 t/#
    b> UNSUBSCRIBE id=2 t/#
    b reads
    b< SUBACK id=1 0
    b< others
  `);
  assert(exchange.take("b").length < 1500);
});
