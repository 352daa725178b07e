import { deepEqual, equal, ok } from "node:assert/strict";
import { type Delivery, DeliveryQueue, deliverySizeBytes } from "../../lib/session/mod.ts";
import { collectGarbage } from "../support/garbage.ts";
import { Random } from "../support/random.ts";
import { delivery, keptMessage } from "./deliveries.ts";

Deno.test("an empty queue has nothing to give", () => {
  const queue = new DeliveryQueue();
  equal(queue.shift(), undefined);
  deepEqual([queue.length, queue.bytes, [...queue]], [0, 0, []]);
  deepEqual(queue.take(() => true), []);
});

Deno.test("the first in is the first out", () => {
  const queue = new DeliveryQueue();
  const items = [1, 2, 3].map((sequence) => delivery(1, 10, { sequence }));
  for (const item of items) queue.push(item);
  deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.shift()], [...items, undefined]);
});

Deno.test("take() of nothing changes nothing", () => {
  const queue = new DeliveryQueue();
  queue.push(delivery(1, 5));
  const { bytes } = queue;
  deepEqual(queue.take(() => false), []);
  deepEqual([queue.length, queue.bytes], [1, bytes]);
});

function nextExpiryMs(deliveries: readonly Delivery[]): number {
  return Math.min(Infinity, ...deliveries.map(({ message }) => message.expiresAtMs));
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`DeliveryQueue does what an array does, seed ${seed}`, () => {
    const random = new Random(seed);
    const queue = new DeliveryQueue();
    let model: Delivery[] = [];
    for (let step = 0; step < 2000; step++) {
      const isGrowing = Math.floor(step / 300) % 2 === 0;
      const choice = random.int(100);
      if (choice < (isGrowing ? 70 : 25)) {
        const sizeBytes = 1 + random.int(50);
        const expiresAtMs = random.int(3) === 0 ? random.int(1000) : Infinity;
        const message = keptMessage({ payload: new Uint8Array(sizeBytes - 1), expiresAtMs });
        const qos = random.int(3) as Delivery["qos"];
        const item = delivery(qos, sizeBytes, { sequence: step, message });
        queue.push(item);
        model.push(item);
      } else if (choice < 94) equal(queue.shift(), model.shift());
      else if (choice < 97) {
        const nowMs = random.int(1000);
        const isExpired = ({ message }: Delivery) => message.expiresAtMs <= nowMs;
        const expired = queue.takeExpired(nowMs);
        deepEqual(new Set(expired), new Set(model.filter(isExpired)));
        const times = expired.map(({ message }) => message.expiresAtMs);
        deepEqual(times, times.toSorted((a, b) => a - b));
        model = model.filter((item) => !isExpired(item));
        ok(queue.nextExpiryMs > nowMs);
      } else {
        const divisor = 2 + random.int(5);
        const isTaken = ({ sequence }: Delivery) => sequence % divisor === 0;
        deepEqual(queue.take(isTaken), model.filter(isTaken));
        model = model.filter((item) => !isTaken(item));
        equal(queue.nextExpiryMs, nextExpiryMs(model));
      }
      equal(queue.length, model.length);
      equal(queue.qos0Length, model.filter(({ qos }) => qos === 0).length);
      equal(queue.bytes, model.reduce((sum, item) => sum + deliverySizeBytes(item), 0));
      ok(queue.nextExpiryMs <= nextExpiryMs(model));
      if (model.length === 0) equal(queue.nextExpiryMs, Infinity);
      if (step % 50 === 0) deepEqual([...queue], model);
    }
  });
}

Deno.test("what expires one by one in a queue that is long and full is found without looking at the rest", () => {
  const queue = new DeliveryQueue();
  let asked = 0;
  const expiring = (expiresAtMs: number) => {
    const message = keptMessage();
    Object.defineProperty(message, "expiresAtMs", { get: () => (asked++, expiresAtMs) });
    return delivery(1, 1, { message });
  };
  const COUNT = 10_000;
  for (let i = 0; i < COUNT; i++) queue.push(expiring(i));
  for (let i = 0; i < COUNT; i++) {
    equal(queue.takeExpired(i).length, 1);
    queue.push(expiring(COUNT + i));
  }
  equal(queue.length, COUNT);
  ok(asked < 6 * COUNT, `asked ${asked} times when a message expires`);
});

Deno.test("messages that leave before they expire leave nothing behind", () => {
  const queue = new DeliveryQueue();
  let asked = 0;
  const message = keptMessage();
  Object.defineProperty(message, "expiresAtMs", { get: () => (asked++, 1e9) });
  queue.push(delivery(1, 1, { message }));
  const bytesBefore = heapBytes();
  for (let i = 0; i < 200_000; i++) {
    queue.push(delivery(1, 1, { message }));
    queue.shift();
  }
  ok(heapBytes() - bytesBefore < 1_000_000, "expiries of messages that have left");
  ok(asked < 3 * 200_000, `asked ${asked} times when a message expires`);
});

function heapBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}
