import { strict as assert } from "node:assert";
import {
  isRetained,
  type Message,
  readRetained,
  type RetainedMessage,
  walkRetained,
} from "../../lib/broker/mod.ts";
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
  readonly #answers: (() => void)[] = [];

  constructor(setup: Setup = {}) {
    this.exchange = new Exchange({ ...setup, store: true });
    const store = this.exchange.test.store!;
    const payloads = new Map<string, Uint8Array>();
    let batch: (() => void)[] = [];
    const putRetained = store.putRetained.bind(store);
    store.putRetained = (message: RetainedMessage) => {
      const { topicName, qos, properties, expiresAtMs, publisherId, publisher } = message;
      const payload = message.payload.slice();
      const copy = { topicName, payload, qos, retain: true, properties, expiresAtMs, publisherId };
      putRetained({ ...copy, publisher, storePlace: 0 });
      batch.push(() => {
        payloads.set(topicName, payload);
        message.wasStored!();
      });
    };
    const deleteRetained = store.deleteRetained.bind(store);
    store.deleteRetained = (message) => {
      deleteRetained(message);
      batch.push(() => void payloads.delete(message?.topicName ?? ""));
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
      readRetained: (topics: string[], done: (read: (Uint8Array | undefined)[]) => void) => {
        this.asked += topics.length;
        const answer = () => done(topics.map((topic) => payloads.get(topic)));
        if (this.isHolding) this.#answers.push(answer);
        else answer();
      },
    });
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

  isApart(topicName: string): boolean | undefined {
    return this.broker.core.retained.get(topicName)?.isApart;
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
    readRetained(topics: string[], done: (read: (Uint8Array | undefined)[]) => void): void;
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
  assert.equal(entry!.payloadBytes, big("last").length);
});
