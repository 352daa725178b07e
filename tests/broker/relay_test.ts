import assert from "node:assert/strict";
import type { Observer } from "../../lib/broker/mod.ts";
import { Outbox } from "../../lib/broker/state/outbox.ts";
import { Exchange } from "../support/exchange.ts";
import { readBytes } from "../support/notation.ts";
import type { Setup } from "../support/test_broker.ts";

/** With a question to ask about every message there is no short way for any. */
const ASKING = { checksTopics: true, mayPublish: () => true, mayRead: () => true };

const RECEIVERS = `
  four> CONNECT v=4
  four< CONNACK
  four> SUBSCRIBE id=1 t/#
  four< SUBACK id=1 0
  three> CONNECT v=3
  three< CONNACK
  three> SUBSCRIBE id=1 t/+ qos=1
  three< SUBACK id=1 1
  five> CONNECT
  five< CONNACK
  five> SUBSCRIBE id=1 t/a qos=2
  five< SUBACK id=1 2
  alias> CONNECT topicAliasMaximum=10
  alias< CONNACK
  alias> SUBSCRIBE id=1 t/#
  alias< SUBACK id=1 0
  small> CONNECT maximumPacketSize=30
  small< CONNACK
  small> SUBSCRIBE id=1 t/#
  small< SUBACK id=1 0
  named> CONNECT
  named< CONNACK
  named> SUBSCRIBE id=1 subscriptionIdentifier=7 t/#
  named< SUBACK id=1 0
  slow> CONNECT
  slow< CONNACK
  slow> SUBSCRIBE id=1 t/#
  slow< SUBACK id=1 0
  slow stops reading
  away> CONNECT sessionExpiryInterval=100
  away< CONNACK
  away> SUBSCRIBE id=1 t/#
  away< SUBACK id=1 0
  away x
  solo5> CONNECT receiveMaximum=4
  solo5< CONNACK
  solo5> SUBSCRIBE id=1 solo/five qos=2
  solo5< SUBACK id=1 2
  solo4> CONNECT v=4
  solo4< CONNACK
  solo4> SUBSCRIBE id=1 solo/four qos=1
  solo4< SUBACK id=1 1
  one> CONNECT
  one< CONNACK
  one> SUBSCRIBE id=1 single
  one< SUBACK id=1 0
`;

const BIG = "x".repeat(4200);
const PUBLISHED = [
  "t/a payload",
  "t/a",
  "t/b 1",
  "single 1",
  "nobody 1",
  "heard 1",
  "t/a " + "y".repeat(200),
  "t/a " + BIG,
  "t/long/one 12345678901234567890",
  "$SYS/x 1",
  "$other 1",
  "t/a retain 1",
  "t/a qos=1 id=5 1",
  "solo/five qos=1 id=6 1",
  "solo/four qos=1 id=7 a longer one",
  "solo/four qos=1 id=8",
  "solo/four qos=1 id=8 dup again",
  "solo/four qos=1 id=9 retain kept",
  "solo/four qos=2 id=10 twice",
  // A message of QoS 2, its repeat, and one with a Packet Identifier that is still held.
  "solo/five qos=2 id=30 once",
  "solo/five qos=2 id=30 dup once",
  "solo/five qos=2 id=30 not another",
  "solo/five qos=2 id=31 ",
  "single qos=2 id=32 for a subscription of QoS 0",
  "single qos=1 id=11 for a subscription of QoS 0",
  // More than the receiver takes at once, where it takes them as they came.
  ...[12, 13, 14, 15, 16, 17].map((id) => `solo/five qos=1 id=${id} ${id}`),
];
const ONLY_5 = [
  "t/a contentType=text 1",
  "t/a topicAlias=1 1",
  "t/a messageExpiryInterval=10 1",
];

/** Its Remaining Length takes two bytes where one would do: nobody else gets it so. */
const LONG_LENGTH = [
  Uint8Array.of(0x30, 0x85, 0x00, 0, 3, 0x74, 0x2f, 0x61),
  Uint8Array.of(0x30, 0x86, 0x00, 0, 3, 0x74, 0x2f, 0x61, 0),
] as const;

/** What receivers and counters have of all these messages, and how many packets were relayed. */
function outcome(version: 3 | 4 | 5, setup: Setup, observers: readonly Observer[] = []) {
  const exchange = new Exchange({
    ...setup,
    options: { queueQos0Messages: true, maxQueuedBytes: 3000 },
  });
  exchange.play(RECEIVERS);
  for (const observer of observers) exchange.test.broker.observe(observer);
  const heard: string[] = [];
  exchange.test.broker.subscribe("heard", ({ payload }) => void heard.push(decode(payload)));
  const { relayPublish } = Outbox.prototype;
  let relayed = 0;
  let acknowledged = 0;
  Outbox.prototype.relayPublish = function (...args) {
    const isTaken = relayPublish.apply(this, args);
    if (isTaken) relayed++;
    if (isTaken && (args[3] ?? 0) > 0) acknowledged++;
    return isTaken;
  };
  try {
    exchange.play(`p> CONNECT v=${version}\np< CONNACK`);
    exchange.play("p> SUBSCRIBE id=1 own\np< SUBACK id=1 0");
    const texts = [...PUBLISHED, ...version === 5 ? ONLY_5 : []];
    // The names stand in the notation, the payload behind them.
    for (const text of [...texts, "own 1", "t/a 2"]) {
      exchange.link("p").send(bytesOf(text, version));
    }
    exchange.link("p").send(LONG_LENGTH[version === 5 ? 1 : 0]);
  } finally {
    Outbox.prototype.relayPublish = relayPublish;
  }
  const names = ["four", "three", "five", "alias", "small", "named", "one", "solo4", "solo5", "p"];
  const received = names.map((name) => [name, [...exchange.link(name).takeBytes()]]);
  exchange.play("slow reads\nslow< others");
  exchange.play("away> CONNECT !cleanStart sessionExpiryInterval=100\naway< others");
  const { metrics, levels } = exchange.test.broker;
  return {
    relayed,
    acknowledged,
    seen: {
      received,
      slow: exchange.take("slow"),
      away: exchange.take("away"),
      metrics: { ...metrics, dropped: [...metrics.dropped] },
      levels,
      log: exchange.test.log,
      heard,
    },
  };
}

const decode = (payload: Uint8Array) => new TextDecoder().decode(payload);

function bytesOf(text: string, version: 3 | 4 | 5): Uint8Array {
  return Uint8Array.from(readBytes(`PUBLISH ${text}`, version));
}

for (const version of [3, 4, 5] as const) {
  Deno.test(`What is relayed reaches everybody as what is not, from a client of version ${version}`, () => {
    const short = outcome(version, {});
    const long = outcome(version, { access: ASKING });
    assert.equal(outcome(version, {}, [{}]).relayed, 0, "observers are told what they ask for");
    assert.ok(short.acknowledged >= 2, `${short.acknowledged} of QoS 1 were relayed`);
    assert.ok(short.relayed > 10, `${short.relayed} were relayed`);
    assert.equal(long.relayed, 0);
    assert.deepEqual(short.seen, long.seen);
    assert.deepEqual(short.seen.heard, ["1"]);
  });
}

Deno.test("What is relayed at QoS 1 is in flight until it is acknowledged, and sent again if it is not", () => {
  new Exchange().play(`
    s> CONNECT sessionExpiryInterval=100
    s< CONNACK
    s> SUBSCRIBE id=1 t qos=1
    s< SUBACK id=1 1
    p> CONNECT
    p< CONNACK
    p> PUBLISH t qos=1 id=9 1
    p< PUBACK id=9
    s< PUBLISH t qos=1 id=1 1
    p> PUBLISH t qos=1 id=9 2
    p< PUBACK id=9
    s< PUBLISH t qos=1 id=2 2
    s> PUBACK id=1
    s x
    s> CONNECT sessionExpiryInterval=100
    s< CONNACK sessionPresent
    s< PUBLISH t qos=1 id=2 dup 2
  `);
});

Deno.test("What is relayed at QoS 2 goes on once, whatever is repeated, and is sent again in the state that it has", () => {
  const { relayAcknowledged } = Outbox.prototype;
  let relayed = 0;
  Outbox.prototype.relayAcknowledged = function (...args) {
    relayed++;
    relayAcknowledged.apply(this, args);
  };
  try {
    new Exchange().play(`
      s> CONNECT v=4 !cleanStart
      s< CONNACK
      s> SUBSCRIBE id=1 t qos=2
      s< SUBACK id=1 2
      p> CONNECT
      p< CONNACK
      p> PUBLISH t qos=2 id=9 1
      p< PUBREC id=9
      s< PUBLISH t qos=2 id=1 1
      p> PUBLISH t qos=2 id=9 dup 1
      p< PUBREC id=9
      p> PUBREL id=9
      p< PUBCOMP id=9
      p> PUBLISH t qos=2 id=9 2
      p< PUBREC id=9
      s< PUBLISH t qos=2 id=2 2
      s> PUBREC id=1
      s< PUBREL id=1
      s x
      s> CONNECT v=4 !cleanStart
      s< CONNACK sessionPresent
      s< PUBLISH t qos=2 id=2 dup 2
      s< PUBREL id=1
      s> PUBCOMP id=1
    `);
  } finally {
    Outbox.prototype.relayAcknowledged = relayAcknowledged;
  }
  assert.equal(relayed, 2);
});

Deno.test("A listener without QoS 1 does not relay it", () => {
  new Exchange({ listeners: { p: { maxQos: 0 } } }).play(`
    s> CONNECT
    s< CONNACK
    s> SUBSCRIBE id=1 t qos=1
    s< SUBACK id=1 1
    p> CONNECT
    p< CONNACK maximumQos=0
    p> PUBLISH t qos=1 id=9 1
    p< DISCONNECT QoSNotSupported
    p! closed
  `);
});

/** Receivers whose sessions are stored, of both versions, one with No Local. */
const STORED = `
  k5> CONNECT sessionExpiryInterval=100
  k5< CONNACK
  k5> SUBSCRIBE id=1 s/5 qos=1 noLocal
  k5< SUBACK id=1 1
  k4> CONNECT v=4 !cleanStart
  k4< CONNACK
  k4> SUBSCRIBE id=1 s/4 qos=2
  k4< SUBACK id=1 2
  tight> CONNECT sessionExpiryInterval=100 receiveMaximum=2 maximumPacketSize=150
  tight< CONNACK
  tight> SUBSCRIBE id=1 s/tight qos=1
  tight< SUBACK id=1 1
`;

/** What receivers, publisher, counters and a process after a crash have of messages to stored sessions. */
function storedOutcome(version: 4 | 5, setup: Setup) {
  const exchange = new Exchange({ ...setup, store: true });
  exchange.play(STORED + `p> CONNECT v=${version}\np< CONNACK\nhold commits`);
  const { relayAcknowledged } = Outbox.prototype;
  let relayed = 0;
  Outbox.prototype.relayAcknowledged = function (...args) {
    relayed++;
    relayAcknowledged.apply(this, args);
  };
  const taken: unknown[] = [];
  const names = ["k5", "k4", "tight", "p"];
  const look = () => taken.push(names.map((name) => [name, [...exchange.link(name).takeBytes()]]));
  try {
    let id = 0;
    // Around the sizes at which Remaining Length takes one byte more, between the versions.
    for (const size of [0, 1, 100, 116, 117, 118, 119, 120, 121, 122, 200, 4000]) {
      for (const topic of ["s/5", "s/4", "s/tight"]) {
        const payload = size === 0 ? "" : " " + "z".repeat(size);
        exchange.link("p").send(bytesOf(`${topic} qos=1 id=${++id}${payload}`, version));
      }
      if (size === 100) exchange.link("k5").send(Uint8Array.of(0x40, 2, 0, 1));
    }
    look();
    exchange.link("k5").send(bytesOf("s/5 qos=1 id=1 own", 5));
    look();
    const { test } = exchange;
    test.store!.isHolding = false;
    while (test.store!.waiting > 0) test.turn(() => test.store!.commitNext());
    look();
  } finally {
    Outbox.prototype.relayAcknowledged = relayAcknowledged;
  }
  const { metrics, levels } = exchange.test.broker;
  const state = exchange.test.store!.load();
  return {
    relayed,
    seen: {
      taken,
      metrics: { ...metrics, dropped: [...metrics.dropped] },
      levels,
      log: exchange.test.log,
      stored: [...state.sessions],
    },
  };
}

for (const version of [4, 5] as const) {
  Deno.test(`What is relayed to stored sessions is stored, and acknowledged after the commit, as what is not, from a client of version ${version}`, () => {
    const short = storedOutcome(version, {});
    const long = storedOutcome(version, { access: ASKING });
    assert.equal(long.relayed, 0);
    assert.ok(short.relayed >= 24, `${short.relayed} were relayed`);
    assert.deepEqual(short.seen, long.seen);
  });
}

Deno.test("What is relayed to a stored session is sent again after a crash, and PUBACK waits for the commit", () => {
  const exchange = new Exchange({ store: true });
  exchange.play(`
    s> CONNECT sessionExpiryInterval=100
    s< CONNACK
    s> SUBSCRIBE id=1 t qos=1
    s< SUBACK id=1 1
    p> CONNECT v=4
    p< CONNACK
    hold commits
    p> PUBLISH t qos=1 id=9 1
    s< PUBLISH t qos=1 id=1 1
    p> PUBLISH nobody qos=1 id=10 2
    commit all
    p< PUBACK id=9
    p< PUBACK id=10
    crash
    s> CONNECT sessionExpiryInterval=100
    s< CONNACK sessionPresent
    s< PUBLISH t qos=1 id=1 dup 1
  `);
});
