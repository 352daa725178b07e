import { deepEqual, equal } from "node:assert/strict";
import { type Delivery, deliverySizeBytes, SessionQueue } from "../../lib/session/mod.ts";
import { Random } from "../support/random.ts";
import { delivery, keptMessage } from "./deliveries.ts";

function numbered(sequence: number, given: Partial<Omit<Delivery, "qos">> = {}): Delivery {
  return delivery((sequence % 3) as Delivery["qos"], 1 + sequence % 7, { sequence, ...given });
}

function sequencesOf(deliveries: Iterable<Delivery>): number[] {
  return [...deliveries].map(({ sequence }) => sequence);
}

Deno.test("what waits in the store alone counts as what is in memory does", () => {
  const queue = new SessionQueue();
  const all = [1, 2, 3, 4].map((sequence) => numbered(sequence));
  queue.push(all[0]!);
  for (const one of all.slice(1)) queue.pushApart(one);
  const bytes = all.reduce((sum, one) => sum + deliverySizeBytes(one), 0);
  deepEqual(queue.counts, { messages: 4, bytes, qos0Messages: 1 });
  deepEqual([queue.heldLength, queue.heldBytes], [1, deliverySizeBytes(all[0]!)]);
  equal(queue.shift(), all[0]);
  equal(queue.shift(), undefined);
  equal(queue.length, 3);
});

Deno.test("what must stay in memory is put in between, in the order of the sequence", () => {
  const queue = new SessionQueue();
  const apart = [1, 3, 4, 6].map((sequence) => numbered(sequence));
  queue.pushApart(apart[0]!);
  queue.push(numbered(2, { share: "$share/g/t" }));
  for (const one of apart.slice(1, 3)) queue.pushApart(one);
  queue.push(numbered(5, { share: "$share/g/t" }));
  queue.pushApart(apart[3]!);
  queue.push(numbered(0)); // Not stored: it came last.
  for (const one of apart) queue.bringIn(one);
  queue.endTail();
  deepEqual(sequencesOf(queue), [1, 2, 3, 4, 5, 6, 0]);
  equal(queue.tail, undefined);
});

Deno.test("what leaves out of its order takes nothing else along", () => {
  const queue = new SessionQueue();
  const apart = [1, 2, 3].map((sequence) => numbered(sequence));
  for (const one of apart) queue.pushApart(one);
  queue.leaveTail(apart[1]!);
  queue.bringIn(apart[0]!, false);
  queue.bringIn(apart[2]!);
  queue.endTail();
  deepEqual(sequencesOf(queue), [3]);
  equal(queue.bytes, deliverySizeBytes(apart[2]!));
});

Deno.test("a forgotten end is counted, and what was in between is the end", () => {
  const queue = new SessionQueue();
  queue.restoreTail({ messages: 7, bytes: 7000, qos0Messages: 2 });
  queue.push(numbered(9, { share: "$share/g/t" }));
  deepEqual(queue.forgetTail(), { messages: 7, bytes: 7000, qos0Messages: 2 });
  deepEqual(sequencesOf(queue), [9]);
  equal(queue.length, 1);
  deepEqual(queue.forgetTail(), { messages: 0, bytes: 0, qos0Messages: 0 });
});

Deno.test("nothing in the store alone expires before the queue says", () => {
  const queue = new SessionQueue();
  for (const [sequence, expiresAtMs] of [[1, Infinity], [2, 50], [3, 70]] as const) {
    queue.pushApart(numbered(sequence, { message: keptMessage({ expiresAtMs }) }));
  }
  equal(queue.tail!.nextExpiryMs, 50);
});

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`SessionQueue with a store does what an array does, seed ${seed}`, () => {
    const random = new Random(seed);
    const queue = new SessionQueue();
    const model: Delivery[] = [];
    let stored: Delivery[] = [];
    for (let sequence = 1; sequence <= 3000; sequence++) {
      const share = random.int(5) === 0 ? "$share/g/t" : undefined;
      const one = numbered(sequence, { share });
      const isApart = share === undefined && (queue.tail !== undefined || random.int(20) === 0);
      if (isApart) stored.push(one);
      if (isApart) queue.pushApart(one);
      else queue.push(one);
      model.push(one);
      if (random.int(3) === 0 && queue.tail !== undefined) {
        const page = stored.slice(0, 1 + random.int(4));
        stored = stored.slice(page.length);
        for (const read of page) queue.bringIn(read);
        queue.endTail();
      }
      if (random.bool() && queue.heldLength > 0) equal(queue.shift(), model.shift());
      equal(queue.length, model.length);
      equal(queue.bytes, model.reduce((sum, one) => sum + deliverySizeBytes(one), 0));
      equal(queue.qos0Length, model.filter(({ qos }) => qos === 0).length);
    }
  });
}
