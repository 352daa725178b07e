import { strict as assert } from "node:assert";
import {
  isRetained,
  type Message,
  readManyRetained,
  readRetained,
  type RetainedEntry,
  type RetainedMessage,
  type StoredRetained,
  walkRetained,
} from "../../lib/broker/mod.ts";
import { ArenaMessage } from "../../lib/broker/ground/payload_arena.ts";
import { ApartName } from "../../lib/topic/mod.ts";
import { encodePublishInto, publishOf, publishSize } from "../../lib/codec/mod.ts";
import { PlainRetained } from "../../lib/store/plain_retained.ts";
import { Exchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

/** A payload that leaves memory when it is stored. */
const big = (text: string) => text + ".".repeat(1100);

const B = `
  b> CONNECT
  b< CONNACK
`;
const A = `
  a> CONNECT
  a< CONNACK
`;

/** A broker whose store reads retained payloads, and answers when a test says so. */
class Reading {
  readonly exchange: Exchange;
  /** Whether answers are held back. */
  isHolding = false;
  /** How many payloads have been asked for. */
  asked = 0;
  /** How often. */
  reads = 0;
  /** Whether the store gives packets that can be sent as they are, and how often a payload of such was looked at. */
  isPlain = false;
  decoded = 0;
  readonly #answers: (() => void)[] = [];

  constructor(setup: Setup = {}) {
    this.exchange = new Exchange({ ...setup, store: true });
    const store = this.exchange.test.store!;
    const stored = new Map<string, StoredRetained>();
    let batch: (() => void)[] = [];
    const putRetained = store.putRetained.bind(store);
    store.putRetained = (message: RetainedMessage) => {
      const { topicName, qos, properties, expiresAtMs, publisherId, publisher } = message;
      const payload = message.payload.slice();
      const copy = { topicName, payload, qos, retain: true, properties, expiresAtMs, publisherId };
      putRetained({ ...copy, publisher, storePlace: 0 });
      batch.push(() => {
        stored.set(topicName, { ...copy, publisher });
        message.wasStored!();
      });
    };
    const deleteRetained = store.deleteRetained.bind(store);
    store.deleteRetained = (message) => {
      deleteRetained(message);
      batch.push(() => void stored.delete(message?.topicName ?? ""));
    };
    const commit = store.commit.bind(store);
    store.commit = (done) => {
      const changes = batch;
      batch = [];
      commit(() => {
        for (const change of changes) change();
        done?.();
      });
    };
    Object.assign(store, {
      readRetained: (topics: string[], done: (read: (StoredRetained | undefined)[]) => void) => {
        this.asked += topics.length;
        this.reads++;
        const answer = () => done(topics.map((topic) => this.#given(stored.get(topic))));
        if (this.isHolding) this.#answers.push(answer);
        else answer();
      },
    });
  }

  #given(message: StoredRetained | undefined): StoredRetained | undefined {
    if (!this.isPlain || message === undefined || message.properties !== undefined) return message;
    const { payload, ...rest } = message;
    const packet = publishOf(message, undefined);
    const bytes = new Uint8Array(3 + publishSize(packet, 5));
    const end = encodePublishInto(packet, 5, bytes, 3);
    const plain = PlainRetained.of(message.topicName, "", undefined, bytes, 3, end)!;
    const note = () => this.decoded++;
    return {
      ...rest,
      plain,
      get payload() {
        note();
        return payload;
      },
    };
  }

  get broker() {
    return this.exchange.test.broker;
  }

  play(script: string): this {
    this.exchange.play(script);
    return this;
  }

  /** Answers what was asked until now. */
  answer(): this {
    for (const answer of this.#answers.splice(0)) this.exchange.test.turn(answer);
    return this;
  }

  /** Whether the payload is in the store alone. */
  isApart(topicName: string): boolean | undefined {
    const kept = this.broker.core.retained.get(topicName);
    return kept instanceof ApartName || kept?.isApart;
  }

  /** Whether the whole message is in the store alone. */
  isNameOnly(topicName: string): boolean {
    return this.broker.core.retained.get(topicName) instanceof ApartName;
  }
}

Deno.test("a large retained payload leaves memory when it is stored, not before, and a small one never", () => {
  const reading = new Reading().play(`${B}
    hold commits
    b> PUBLISH t qos=1 id=1 retain "${big("1")}"
    b> PUBLISH small qos=1 id=2 retain "2"
  `);
  assert.equal(reading.isApart("t"), false);
  reading.play("commit all\nb< PUBACK id=1 reasonCode=*\nb< PUBACK id=2 reasonCode=*");
  assert.equal(reading.isApart("t"), true);
  assert.equal(reading.isApart("small"), false);
  assert.equal(reading.broker.core.retained.bytes, 1 + 1101 + "small".length + 1);
});

Deno.test("a new subscription gets large and small retained messages, whether they are read at once or later [MQTT-3.3.1-9]", () => {
  for (const isHolding of [false, true]) {
    const reading = new Reading().play(`${B}
      b> PUBLISH t/1 retain "${big("1")}" contentType=c user:a=b
      b> PUBLISH t/2 retain "2"
      b> PUBLISH t/3 qos=1 id=1 retain "${big("3")}"
      b< PUBACK id=1 reasonCode=*
      ${A}
    `);
    reading.isHolding = isHolding;
    reading.play(`
      a> SUBSCRIBE id=1 t/# qos=1
      a< SUBACK id=1 1
      a< PUBLISH t/2 retain "2"
      ${isHolding ? "a< nothing" : "a< others"}
    `);
    reading.answer();
    if (isHolding) {
      reading.play(`
        a< PUBLISH t/1 retain "${big("1")}" contentType=c user:a=b
        a< PUBLISH t/3 qos=1 id=1 retain "${big("3")}"
      `);
    } else assert.equal(reading.exchange.take("a").length, 2);
    assert.equal(reading.asked, 2);
    reading.play("dropped nothing");
  }
});

const receivers: [
  what: string,
  connect: string,
  subscribe: string,
  properties: string,
  is: boolean,
][] = [
  ["3.1", "v=3 cleanStart", "", "", true],
  ["3.1.1", "v=4 cleanStart", "", "", true],
  ["5.0", "", "", "", true],
  [
    "5.0 with a Subscription Identifier",
    "",
    "subscriptionIdentifiers=7",
    "subscriptionIdentifiers=7",
    false,
  ],
  ["5.0 with Topic Aliases", "topicAliasMaximum=5", "", "topicAlias=*", false],
  ["5.0 with a limit", "maximumPacketSize=1400", "", "", false],
];
for (const [what, connect, subscribe, properties, isSentAsStored] of receivers) {
  for (const isPlain of [false, true]) {
    const how = isPlain ? "stored as it can be sent" : "decoded";
    Deno.test(`a retained message that is ${how} comes to a receiver of ${what}`, () => {
      const reading = new Reading().play(`${B}
        b> PUBLISH \u00e9/1 retain "${big("1")}"
        b> PUBLISH \u00e9/2 qos=1 id=1 retain "${big("2")}"
        b< PUBACK id=1 reasonCode=*
        a> CONNECT ${connect}
        a< CONNACK
      `);
      reading.isPlain = isPlain;
      reading.play(`
        a> SUBSCRIBE id=1 \u00e9/# ${subscribe}
        a< SUBACK id=1 0
        a< PUBLISH \u00e9/1 retain "${big("1")}" ${properties}
        a< PUBLISH \u00e9/2 retain "${big("2")}" ${properties}
        dropped nothing
      `);
      assert.equal(reading.decoded === 0, !isPlain || isSentAsStored);
      assert.equal(reading.broker.core.metrics.publishSent, 2);
      assert.equal(reading.broker.core.metrics.payloadBytesSent, 2 * 1101);
    });
  }
}

Deno.test("a stored packet is not sent as it is at QoS 1, where it is too large, and where its client lost the subscription", () => {
  const reading = new Reading().play(`${B}
    b> PUBLISH t qos=1 id=1 retain "${big("1")}"
    b< PUBACK id=1 reasonCode=*
    ${A}
    c> CONNECT maximumPacketSize=1000
    c< CONNACK
  `);
  reading.isPlain = true;
  reading.play(`
    a> SUBSCRIBE id=1 t qos=1
    a< SUBACK id=1 1
    a< PUBLISH t qos=1 id=1 retain "${big("1")}"
    a> PUBACK id=1
    c> SUBSCRIBE id=1 t
    c< SUBACK id=1 0
    c< nothing
    dropped packet_too_large=1
  `);
  reading.isHolding = true;
  reading.play(`
    a> SUBSCRIBE id=2 t
    a< SUBACK id=2 0
    a> UNSUBSCRIBE id=3 t
    a< UNSUBACK id=3 0
  `);
  reading.answer().play("a< nothing");
});

/** b has retained a large message on t; a subscribes, and the payload is being read. */
function whileReading(): Reading {
  const reading = new Reading().play(`${B}\nb> PUBLISH t retain "${big("old")}"\n${A}`);
  reading.isHolding = true;
  return reading.play(`
    a> SUBSCRIBE id=1 t
    a< SUBACK id=1 0
  `);
}

const replacements: [what: string, payload: string][] = [
  ["a small one", "new"],
  ["a large one", big("new")],
];
for (const [what, payload] of replacements) {
  Deno.test(`a message that ${what} replaces while it is read never comes after that`, () => {
    const reading = whileReading().play(`
      b> PUBLISH t retain "${payload}"
      a< PUBLISH t "${payload}"
    `);
    reading.answer();
    // A name that is set while a walk goes on may be returned, with its new value only.
    if (reading.isApart("t")) reading.answer();
    reading.play(`a< PUBLISH t retain "${payload}"\ndropped nothing`);
  });
}

Deno.test("a message that is replaced while it is read, and whose successor is not stored yet, comes from memory", () => {
  const reading = whileReading().play(`
    hold commits
    b> PUBLISH t retain "${big("new")}"
    a< PUBLISH t "${big("new")}"
  `);
  reading.answer();
  reading.play(`a< PUBLISH t retain "${big("new")}"`);
});

Deno.test("a message that is deleted while it is read does not come [MQTT-3.3.1-6]", () => {
  const reading = whileReading().play("b> PUBLISH t retain\na< PUBLISH t");
  reading.answer().play("a< nothing\na> PINGREQ\na< PINGRESP");
});

Deno.test("a message that expires while it is read does not come", () => {
  const reading = new Reading().play(`${B}
    b> PUBLISH t retain messageExpiryInterval=5 "${big("old")}"
    ${A}
  `);
  reading.isHolding = true;
  reading.play("a> SUBSCRIBE id=1 t\na< SUBACK id=1 0\nwait 6s");
  reading.answer().play("a< nothing");
});

Deno.test("what is read for a client that has unsubscribed, left or been taken over goes nowhere", () => {
  const ends: string[] = [
    "a> UNSUBSCRIBE id=2 t\na< UNSUBACK id=2 success",
    "a x",
    `c> CONNECT clientId=a
     a< DISCONNECT sessionTakenOver
     a! closed
     c< CONNACK`,
  ];
  for (const end of ends) {
    const reading = whileReading().play(end).answer();
    reading.play("b> PINGREQ\nb< PINGRESP");
  }
});

Deno.test("many large messages are read a part at a time, and a client that reads nothing stops that", () => {
  const reading = new Reading().play(B);
  const count = 300;
  for (let i = 0; i < count; i++) reading.play(`b> PUBLISH t/${i} retain "${big(`${i}`)}"`);
  reading.play(A);
  reading.play("a stops reading\na> SUBSCRIBE id=1 t/#");
  assert.ok(reading.asked >= 50 && reading.asked <= 200, `${reading.asked} were read`);
  reading.play("a reads\na< others");
  const publishes = reading.exchange.take("a").filter(({ type }) => type === "publish");
  assert.equal(publishes.length, count);
  assert.equal(reading.asked, count);
});

Deno.test("after a restart large messages are in the store alone, and come", () => {
  const reading = new Reading().play(`${B}
    b> PUBLISH t qos=1 id=1 retain "${big("1")}"
    b< PUBACK id=1 reasonCode=*
    crash
  `);
  assert.equal(reading.isApart("t"), true);
  reading.play(`${A}
    a> SUBSCRIBE id=1 t
    a< SUBACK id=1 0
    a< PUBLISH t retain "${big("1")}"
  `);
});

Deno.test("a message that is missing in the store is said, and the others come", () => {
  const reading = new Reading().play(`${B}
    b> PUBLISH t/1 retain "${big("1")}"
    b> PUBLISH t/2 retain "${big("2")}"
    ${A}
  `);
  const store = reading.exchange.test.store! as unknown as {
    readRetained(topics: string[], done: (read: (StoredRetained | undefined)[]) => void): void;
  };
  const { readRetained } = store;
  store.readRetained = (topics, done) =>
    readRetained(
      topics,
      (read) => done(read.map((one, i) => topics[i] === "t/1" ? undefined : one)),
    );
  reading.play(`
    a> SUBSCRIBE id=1 t/#
    a< SUBACK id=1 0
    a< PUBLISH t/2 retain "${big("2")}"
  `);
  const errors = reading.exchange.test.log.filter(({ level }) => level === "error");
  assert.deepEqual(errors.map(({ fields }) => fields), [{ topic: "t/1" }]);
});

Deno.test("whoever looks at a large retained message gets what is there when it is read", async () => {
  const reading = new Reading().play(`${B}\nb> PUBLISH t retain "${big("old")}"`);
  const { broker } = reading;
  const text = async () => {
    const message = await new Promise<Message | undefined>((resolve) =>
      readRetained(broker, "t", resolve)
    );
    return message === undefined ? undefined : new TextDecoder().decode(message.payload);
  };
  assert.equal(await text(), big("old"));
  reading.isHolding = true;
  const replaced = text();
  reading.play(`b> PUBLISH t retain "new"`).answer();
  assert.equal(await replaced, "new");
  reading.play(`b> PUBLISH t retain "${big("newer")}"`);
  const deleted = text();
  reading.play("b> PUBLISH t retain").answer();
  assert.equal(await deleted, undefined);
  assert.equal(isRetained(broker, "t"), false);
  reading.play(`b> PUBLISH t retain "${big("last")}"`);
  const [entry] = walkRetained(broker, "#", 10);
  assert.equal((entry as RetainedEntry).payloadBytes, big("last").length);
});

Deno.test("while a full part is read, what is in memory comes, and the part comes after the end of the search", () => {
  const reading = new Reading().play(B);
  // They come to the 64 KiB of a part.
  const large = numbers(60).map((i) => `large/${i}`);
  for (const [i, topic] of [...large, "small/1", "small/2"].entries()) {
    const payload = i < large.length ? big("1") : "2";
    reading.play(`b> PUBLISH ${topic} qos=1 id=1 retain "${payload}"\nb< PUBACK id=1 reasonCode=*`);
  }
  reading.play(A);
  reading.isHolding = true;
  const topics = () =>
    reading.exchange.take("a").map((packet) => packet.type === "publish" && packet.topicName);
  reading.play("a> SUBSCRIBE id=1 #\na< SUBACK id=1 0\na< others");
  assert.deepEqual(topics(), ["small/1", "small/2"]);
  reading.answer().play("a< others");
  assert.deepEqual(topics(), large);
});

/** A broker that keeps about two small messages in memory, and a script that fills it and lets the others leave. */
function crowded(count: number): Reading {
  const reading = new Reading({ options: { retainedMemoryBytes: 900 } }).play(B);
  for (let i = 0; i < count; i++) {
    reading.play(
      `b> PUBLISH t/${i} qos=1 id=1 retain "${i}" user:n=${i}\nb< PUBACK id=1 reasonCode=*`,
    );
  }
  return reading.play("wait 3s\nwait 3s");
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("small messages that were not used for long leave memory, all but their names, when there are too many", () => {
  const reading = crowded(10);
  const { retained } = reading.broker.core;
  assert.ok(retained.memoryBytes <= 900, `${retained.memoryBytes} bytes`);
  const left = numbers(10).filter((i) => reading.isNameOnly(`t/${i}`));
  assert.ok(left.length >= 7 && left.length < 10, `${left.length} have left`);
  assert.equal(retained.size, 10);
  const each = 3 + 1 + retained.bytes / 10 - 4;
  assert.equal(retained.bytes, 10 * each);
  // One that is published again is in memory, and counts once.
  reading.play(
    `b> PUBLISH t/${left[0]} qos=1 id=1 retain "x" user:n=1\nb< PUBACK id=1 reasonCode=*`,
  );
  assert.equal(reading.isNameOnly(`t/${left[0]}`), false);
  assert.equal(retained.bytes, 10 * each);
  reading.play(`b> PUBLISH t/${left[1]} qos=1 id=1 retain\nb< PUBACK id=1 reasonCode=*`);
  assert.equal(retained.bytes, 9 * each);
  assert.equal(retained.size, 9);
});

Deno.test("nothing leaves memory before it is stored, nor what a store cannot read", () => {
  const held = new Reading({ options: { retainedMemoryBytes: 0 } }).play(`${B}
    hold commits
    b> PUBLISH t qos=1 id=1 retain "1"
    wait 3s
    wait 3s
  `);
  assert.equal(held.isNameOnly("t"), false);
  held.play("commit all\nb< PUBACK id=1 reasonCode=*\nwait 3s\nwait 3s");
  assert.equal(held.isNameOnly("t"), true);
  const blind = new Exchange({ options: { retainedMemoryBytes: 0 }, store: true }).play(`${B}
    b> PUBLISH t qos=1 id=1 retain "1"
    b< PUBACK id=1 reasonCode=*
    wait 3s
    wait 3s
  `);
  assert.ok(blind.test.broker.core.retained.get("t") instanceof ArenaMessage);
});

Deno.test("what has left memory expires when it is time, and what has taken its place does not [MQTT-3.3.2-6]", () => {
  const reading = new Reading({ options: { retainedMemoryBytes: 0 } }).play(`${B}
    b> PUBLISH t/1 qos=1 id=1 retain messageExpiryInterval=60 "1"
    b< PUBACK id=1 reasonCode=*
    b> PUBLISH t/2 qos=1 id=2 retain messageExpiryInterval=60 "2"
    b< PUBACK id=2 reasonCode=*
    wait 3s
    wait 3s
  `);
  assert.deepEqual([reading.isNameOnly("t/1"), reading.isNameOnly("t/2")], [true, true]);
  reading.play(`
    b> PUBLISH t/2 qos=1 id=2 retain "3"
    b< PUBACK id=2 reasonCode=*
    ${A}
    a> SUBSCRIBE id=1 t/+
    a< SUBACK id=1 0
    a< PUBLISH t/2 retain "3"
    a< PUBLISH t/1 retain messageExpiryInterval=54 "1"
    wait 60s
  `);
  assert.equal(reading.broker.core.retained.get("t/1"), undefined);
  assert.equal(reading.broker.core.retained.bytes, 3 + 1);
  reading.play("dropped expired=1");
});

Deno.test("a new subscription gets messages that have left memory as they were published [MQTT-3.3.1-9]", () => {
  for (const isHolding of [false, true]) {
    const reading = crowded(20);
    reading.play(A);
    reading.isHolding = isHolding;
    reading.play("a> SUBSCRIBE id=1 t/+ qos=0\na< SUBACK id=1 0\na< others");
    reading.answer();
    reading.play("a< others");
    const found = reading.exchange.take("a").map((packet) => {
      assert.ok(packet.type === "publish");
      const { topicName, payload, retain, properties } = packet;
      return [topicName, new TextDecoder().decode(payload), retain, properties?.userProperties];
    });
    const expected = numbers(20).map((i) => [`t/${i}`, `${i}`, true, [["n", `${i}`]]]);
    assert.deepEqual(found.sort(), expected.sort());
    reading.play("dropped nothing");
  }
});

Deno.test("a message that has left memory and is replaced or deleted while it is read does not come", () => {
  const reading = crowded(20);
  const [first, second] = numbers(20).filter((i) => reading.isNameOnly(`t/${i}`));
  reading.play(A);
  reading.isHolding = true;
  reading.play("a> SUBSCRIBE id=1 t/+\na< SUBACK id=1 0\na< others");
  reading.exchange.take("a");
  reading.play(`
    b> PUBLISH t/${first} retain "new"
    a< others
    b> PUBLISH t/${second} retain
    a< others
  `);
  for (let i = 0; i < 5; i++) reading.answer();
  reading.play("a< others");
  const texts = reading.exchange.take("a").flatMap((packet) => {
    assert.ok(packet.type === "publish");
    const { topicName, payload, retain } = packet;
    return [`t/${first}`, `t/${second}`].includes(topicName)
      ? [`${topicName} ${new TextDecoder().decode(payload)} ${retain}`]
      : [];
  });
  assert.deepEqual(texts, [`t/${first} new false`, `t/${second}  false`, `t/${first} new true`]);
});

Deno.test("a message that has left memory, is replaced and leaves again while it is read comes with the new value", () => {
  const reading = crowded(20);
  const first = numbers(20).find((i) => reading.isNameOnly(`t/${i}`));
  reading.play(A);
  reading.isHolding = true;
  reading.play(`
    a> SUBSCRIBE id=1 t/${first}
    a< SUBACK id=1 0
    b> PUBLISH t/${first} qos=1 id=1 retain "new"
    b< PUBACK id=1 reasonCode=*
    a< PUBLISH t/${first} "new"
  `);
  for (const i of numbers(5)) reading.play(`b> PUBLISH other/${i} retain "x"`);
  reading.play("wait 3s\nwait 3s\nwait 3s");
  assert.equal(reading.isNameOnly(`t/${first}`), true);
  reading.answer().answer();
  reading.play(`a< PUBLISH t/${first} retain "new"`);
});

Deno.test("whoever looks at messages that have left memory finds all of them", async () => {
  const reading = crowded(10);
  const { broker } = reading;
  const topics = [...walkRetained(broker, "t/+", 3)].flatMap((one) => one?.topicName ?? []);
  assert.deepEqual(topics.sort(), numbers(10).map((i) => `t/${i}`));
  for (const i of numbers(10)) {
    const message = await new Promise<Message | undefined>((resolve) =>
      readRetained(broker, `t/${i}`, resolve)
    );
    assert.equal(new TextDecoder().decode(message!.payload), `${i}`);
    assert.equal(isRetained(broker, `t/${i}`), true);
  }
});

Deno.test("who looks at many messages reads those that have left memory together, and finds what has taken their place", () => {
  const reading = crowded(10);
  const topics = [...numbers(10).map((i) => `t/${i}`), "none"];
  const [replaced, deleted] = topics.filter((topic) => reading.isNameOnly(topic));
  const look = () => {
    let found: (string | undefined)[] = [];
    readManyRetained(reading.broker, topics, (messages) => {
      found = messages.map((message) => message && new TextDecoder().decode(message.payload));
    });
    return () => found;
  };
  const before = reading.reads;
  assert.deepEqual(look()(), [...numbers(10).map((i) => `${i}`), undefined]);
  assert.equal(reading.reads, before + 1);
  reading.isHolding = true;
  const found = look();
  reading.play(`b> PUBLISH ${replaced} retain "new"\nb> PUBLISH ${deleted} retain`);
  reading.answer().answer();
  const expected = topics.map((topic, i) =>
    topic === replaced ? "new" : topic === deleted || topic === "none" ? undefined : `${i}`
  );
  assert.deepEqual(found(), expected);
  let isEmpty = false;
  readManyRetained(reading.broker, [], (messages) => void (isEmpty = messages.length === 0));
  assert.ok(isEmpty);
});
