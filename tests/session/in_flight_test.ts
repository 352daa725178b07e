import { deepEqual, equal, ok } from "node:assert/strict";
import { contentSizeBytes, type InFlight, Sender } from "../../lib/session/mod.ts";
import { InFlightTable } from "../../lib/session/in_flight_table.ts";
import { Random } from "../support/random.ts";
import { delivery } from "./deliveries.ts";

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`InFlightTable does what a Map does, seed ${seed}`, () => {
    const random = new Random(seed);
    const table = new InFlightTable();
    const model = new Map<number, InFlight>();
    for (let step = 0; step < 3000; step++) {
      const packetId = 1 + random.int(step % 1000 < 500 ? 65_535 : 40);
      const known = model.get(packetId);
      equal(table.get(packetId), known);
      if (known === undefined) {
        const added = inFlight(packetId);
        table.add(added);
        model.set(packetId, added);
      } else if (random.int(3) === 0) {
        table.moveToEnd(known);
        model.delete(packetId);
        model.set(packetId, known);
      } else {
        table.delete(known);
        model.delete(packetId);
        deepEqual([known.older, known.newer], [undefined, undefined]);
      }
      equal(table.size, model.size);
      if (step % 50 === 0) deepEqual(ids(table.values()), ids(model.values()));
      // Empties it now and then, which gives a large table up.
      if (random.int(500) === 0) {
        for (const one of [...table.values()]) table.delete(one);
        model.clear();
      }
    }
    deepEqual(ids(table.values()), ids(model.values()));
  });
}

Deno.test("a Packet Identifier that a damaged store has twice is in flight once, the last one", () => {
  const table = new InFlightTable();
  const [one, other] = [inFlight(7), inFlight(7)];
  for (const added of [one, inFlight(8), other]) table.add(added);
  equal(table.get(7), other);
  deepEqual(ids(table.values()), [8, 7]);
});

Deno.test("in flight to a client that leaves one message unacknowledged for good, any number of others find room", () => {
  const sender = new Sender();
  sender.resume(20, 0);
  const first = sender.start(delivery(1));
  for (let i = 0; i < 200_000; i++) {
    const { packetId } = sender.start(delivery(1));
    ok(packetId !== first.packetId);
    ok(typeof sender.puback(packetId) !== "string");
  }
  equal(sender.size, 1);
});

Deno.test("a message in flight in one object is as one of three", () => {
  const sender = new Sender();
  sender.resume(20, 0);
  const bytes = new TextEncoder().encode("..hello..");
  const compact = sender.startCompact("a/b", "me", { bytes, at: 2, length: 5 });
  const plain = sender.start({
    message: {
      topicName: "a/b",
      payload: bytes.slice(2, 7),
      qos: 1,
      retain: false,
      properties: undefined,
      expiresAtMs: Infinity,
      publisherId: "me",
      storeId: 0,
    },
    qos: 1,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    sequence: 0,
  });
  for (const key of Object.keys(plain.delivery) as (keyof typeof plain.delivery)[]) {
    if (key !== "message") equal(compact.delivery[key], plain.delivery[key], key);
  }
  const [one, other] = [compact.delivery.message, plain.delivery.message];
  for (const key of Object.keys(other) as (keyof typeof other)[]) {
    deepEqual(one[key], other[key], key);
  }
  deepEqual([compact.state, compact.isSent], [plain.state, plain.isSent]);
  equal(compact.sizeBytes, plain.sizeBytes);
  equal(compact.sizeBytes, contentSizeBytes(compact.delivery.message));
  one.payload = one.payload.slice();
  bytes.fill(0);
  equal(new TextDecoder().decode(one.payload), "hello");
  equal(sender.bytes, 16);
  sender.puback(compact.packetId);
  equal(sender.bytes, 8);
});

function inFlight(packetId: number): InFlight {
  return {
    packetId,
    delivery: delivery(1),
    sizeBytes: 1,
    state: "published",
    isSent: true,
    older: undefined,
    newer: undefined,
  };
}

function ids(messages: Iterable<InFlight>): number[] {
  return [...messages].map(({ packetId }) => packetId);
}
