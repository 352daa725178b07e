import { deepEqual, equal } from "node:assert/strict";
import type { Delivery, QueueQuery } from "../../lib/broker/mod.ts";
import {
  aMessage,
  committed,
  delivery,
  forComparison,
  readAll,
  readQueue,
  sequences,
  sessionsAfterCommit,
  type Test,
} from "./contract_support.ts";

/** What waits in the store alone: what is found, and what becomes of it. */
export function testQueues(test: Test): void {
  test("what was put apart is read in its order, a part at a time, as it was put", async ({ store }) => {
    store.putSession("a", 60, Infinity);
    store.putSession("b", 60, Infinity);
    const all = [1, 2, 3, 4, 5, 6, 7].map((sequence): Delivery => ({
      ...delivery(sequence, sequence % 2 === 0 ? 2 : 1),
      retain: sequence === 3,
      subscriptionIdentifiers: sequence === 4 ? [2, 1] : undefined,
    }));
    for (const one of all) store.putDelivery(one.sequence === 5 ? "b" : "a", one, true);
    await committed(store);
    const expected = all.filter(({ sequence }) => sequence !== 5).map(forComparison);
    deepEqual((await readAll(store, "a", 2)).map(forComparison), expected);
    deepEqual(sequencesOf(await readAll(store, "b")), [5]);
  });

  test("who has asked for a session that ends meanwhile is answered, with nothing", async ({ store }) => {
    store.putSession("a", 60, Infinity);
    store.putDelivery("a", delivery(1, 1), true);
    await committed(store);
    const asked = readQueue(store, "a");
    store.deleteSession("a");
    const { deliveries } = await asked;
    deepEqual(sequencesOf(deliveries).filter((sequence) => sequence !== 1), []);
    store.putSession("a", 60, Infinity);
    deepEqual((await readQueue(store, "a")).deliveries, []);
    deepEqual((await readQueue(store, "nobody")).deliveries, []);
  });

  const limits: [what: string, query: Partial<QueueQuery>, found: number[]][] = [
    ["what comes behind a place", { afterSequence: 2 }, [3, 4]],
    ["so many", { maxMessages: 2 }, [1, 2]],
    ["so many bytes", { maxBytes: 2500 }, [1, 2]],
    ["one in any case", { maxBytes: 1 }, [1]],
    ["nothing behind all", { afterSequence: 4 }, []],
  ];
  for (const [what, query, found] of limits) {
    test(`of what was put apart is read: ${what}`, async ({ store }) => {
      store.putSession("a", 60, Infinity);
      for (let sequence = 1; sequence <= 4; sequence++) {
        const message = aMessage({ payload: new Uint8Array(1000) });
        store.putDelivery("a", delivery(sequence, 1, message), true);
      }
      await committed(store);
      const { deliveries } = await readQueue(store, "a", query);
      deepEqual(sequencesOf(deliveries), found);
    });
  }

  test("what has expired is found without the rest, and when the next does", async ({ store }) => {
    store.putSession("a", 60, Infinity);
    for (const [sequence, expiresAtMs] of [[1, 500], [2, Infinity], [3, 100], [4, 900]] as const) {
      store.putDelivery("a", delivery(sequence, 1, aMessage({ expiresAtMs })), true);
    }
    await committed(store);
    const { deliveries, nextExpiryMs } = await readQueue(store, "a", { expiredAtMs: 500 });
    deepEqual(sequencesOf(deliveries).sort(), [1, 3]);
    equal(nextExpiryMs, 900);
    for (const one of deliveries) store.deleteDelivery("a", one);
    await committed(store);
    deepEqual(sequencesOf(await readAll(store, "a")), [2, 4]);
    equal((await readQueue(store, "a", { expiredAtMs: 1000 })).nextExpiryMs, Infinity);
  });

  test("what is not committed is not read", async ({ store }) => {
    store.putSession("a", 60, Infinity);
    store.putDelivery("a", delivery(1), true);
    await committed(store);
    store.putDelivery("a", delivery(2), true);
    deepEqual(sequencesOf(await readAll(store, "a")), [1]);
    await committed(store);
    deepEqual(sequencesOf((await readQueue(store, "a", { afterSequence: 1 })).deliveries), [2]);
  });

  test("what was read is sent and deleted like all else", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    for (let sequence = 1; sequence <= 5; sequence++) {
      store.putDelivery("a", delivery(sequence, 2), true);
    }
    await committed(store);
    const [first, second, third] = await readAll(store, "a");
    store.putInFlight("a", 1, 10, "published");
    store.putInFlight("a", 2, 20, "published");
    store.putInFlight("a", 2, 20, "released");
    store.deleteDelivery("a", third!);
    await committed(store);
    store.deleteDelivery("a", first!);
    const [session] = await sessionsAfterCommit(opened);
    deepEqual(
      session!.deliveries.map(({ delivery, packetId, state }) => [
        delivery.sequence,
        packetId,
        state,
      ]),
      [[4, 0, "published"], [5, 0, "published"], [second!.sequence, 20, "released"]],
    );
  });

  test("a message of several stays as long as one of them waits", async (opened) => {
    const { store } = opened;
    const clientIds = ["a", "b", "c"];
    const shared = aMessage({ payload: Uint8Array.of(9, 9) });
    for (const [i, clientId] of clientIds.entries()) {
      store.putSession(clientId, 60, Infinity);
      store.putDelivery(clientId, delivery(i + 1, 1, shared), i > 0);
    }
    await committed(store);
    store.deleteDelivery("a", delivery(1));
    const [ofB] = await readAll(store, "b");
    await committed(store);
    store.deleteDelivery("b", ofB!);
    const sessions = await sessionsAfterCommit(opened);
    deepEqual(sessions.map(sequences), [[], [], [3]]);
    deepEqual(sessions[2]!.deliveries[0]!.delivery.message.payload, Uint8Array.of(9, 9));
  });

  test("what was put apart ends with its session, and a new one has nothing of it", async (opened) => {
    const { store } = opened;
    store.putSession("a", 60, Infinity);
    for (let sequence = 1; sequence <= 2500; sequence++) {
      store.putDelivery("a", delivery(sequence), true);
    }
    await committed(store);
    store.deleteSession("a");
    store.putSession("a", 60, Infinity);
    store.putDelivery("a", delivery(3000), true);
    deepEqual(sequencesOf(await readAll(store, "a")), []);
    await committed(store);
    deepEqual(sequencesOf(await readAll(store, "a")), [3000]);
    const [session] = await sessionsAfterCommit(opened);
    deepEqual(sequences(session!), [3000]);
  });
}

function sequencesOf(deliveries: readonly Delivery[]): number[] {
  return deliveries.map(({ sequence }) => sequence);
}
