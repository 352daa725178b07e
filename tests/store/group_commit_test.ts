import { deepEqual, equal } from "node:assert/strict";
import type { SqliteStore } from "../../lib/store/mod.ts";
import { committed, delivery, Retainer } from "./contract_support.ts";
import { ManualClock } from "./manual_clock.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

/** A retained message that changes, of which nobody waits for the commit: of QoS 0. */
function changing(store: SqliteStore): (topicName: string, value?: number) => void {
  const retainer = new Retainer(store);
  return (topicName, value = 0) => {
    retainer.put({ topicName, payload: Uint8Array.of(value) });
    store.commit();
  };
}

/** Topics and first bytes of what the files hold. */
async function retainedIn(directory: string): Promise<string[]> {
  const copy = `${directory}-copy`;
  await copyFiles(directory, copy);
  const opened = open(copy);
  await opened.close();
  await Deno.remove(copy, { recursive: true });
  return [...opened.state.retained].map(({ topicName, payload }) => `${topicName}=${payload[0]}`);
}

/** Waits until the Worker has answered. */
async function untilCommits(store: SqliteStore, count: number): Promise<void> {
  while (store.stats.commits < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Whether the Worker has been given something that it has not answered. */
function isWriting(store: SqliteStore, clock: ManualClock): boolean {
  clock.advance(1);
  return store.unansweredMs > 0;
}

storeTest("of a value that changes often, only the last is written", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  const change = changing(store);
  await committed(store);
  const before = store.stats.commits;
  for (let i = 1; i <= 100; i++) {
    change("often", i);
    clock.advance(1);
  }
  clock.advance(890);
  equal(isWriting(store, clock), false);
  clock.advance(20);
  await untilCommits(store, before + 1);
  deepEqual(await retainedIn(directory), ["often=100"]);
  await close();
});

storeTest("who waits for a commit takes along what nobody waits for", async (directory) => {
  const { store, close } = open(directory);
  const change = changing(store);
  change("lazy");
  store.putSession("a", 60, Infinity);
  const { commits } = store.stats;
  await committed(store);
  equal(store.stats.commits, commits + 1);
  deepEqual(await retainedIn(directory), ["lazy=0"]);
  await close();
});

storeTest("a large batch is written in pieces, and who waits waits for all", async (directory) => {
  const { store, close } = open(directory);
  const change = changing(store);
  await committed(store);
  const { commits } = store.stats;
  for (let i = 0; i < 5000; i++) change(`t/${i}`);
  const all = committed(store);
  // What comes while it is written comes behind it.
  change("t/0", 1);
  const last = committed(store);
  await all;
  equal(store.stats.commits, commits + 3);
  equal((await retainedIn(directory)).length, 5000);
  await last;
  equal((await retainedIn(directory)).filter((one) => one === "t/0=1").length, 1);
  await close();
});

storeTest("a large batch is written to its end when the store closes", async (directory) => {
  const { store, close } = open(directory);
  const change = changing(store);
  for (let i = 0; i < 5000; i++) change(`t/${i}`);
  await close();
  equal((await retainedIn(directory)).length, 5000);
});

storeTest("who waited for a batch does not hurry the next", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  const change = changing(store);
  store.putSession("a", 60, Infinity);
  const awaited = committed(store);
  change("lazy"); // While that is written.
  await awaited;
  clock.advance(200);
  equal(isWriting(store, clock), false);
  await close();
});

storeTest("who waits does not wait as long as what nobody waits for", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  const change = changing(store);
  store.putSession("a", 60, Infinity);
  await committed(store);
  change("lazy");
  // It may be acknowledged in a moment, and is not.
  store.putDelivery("a", delivery(1));
  store.putInFlight("a", 1, 1, "published");
  const awaited = committed(store);
  clock.advance(3);
  equal(isWriting(store, clock), false);
  clock.advance(1);
  equal(isWriting(store, clock), true);
  await awaited;
  await close();
});

storeTest("closing writes at once what nobody waits for", async (directory) => {
  const { store, close } = open(directory, { clock: new ManualClock() });
  changing(store)("lazy", 7);
  await close();
  deepEqual(await retainedIn(directory), ["lazy=7"]);
});

storeTest(
  "what is acknowledged is written after a thousand messages, so that no more can come again",
  async (directory) => {
    const clock = new ManualClock();
    const { store, close } = open(directory, { clock });
    store.putSession("a", 60, Infinity);
    const deliveries = Array.from({ length: 1100 }, (_, i) => delivery(1 + i));
    for (const one of deliveries) store.putDelivery("a", one);
    await committed(store);
    const { commits } = store.stats;
    // Each is sent, and deleted with its message; it counts once.
    for (const one of deliveries.slice(0, 999)) {
      store.putInFlight("a", one.sequence, one.sequence, "published");
      store.deleteDelivery("a", one);
      store.commit();
    }
    equal(isWriting(store, clock), false);
    store.deleteDelivery("a", deliveries[1000]!);
    store.commit();
    equal(isWriting(store, clock), true);
    await untilCommits(store, commits + 1);
    await close();
  },
);

storeTest(
  "retained messages of which nobody waits are gathered, however many",
  async (directory) => {
    const clock = new ManualClock();
    const { store, close } = open(directory, { clock });
    const change = changing(store);
    for (let i = 0; i < 5000; i++) change(`t/${i}`);
    equal(isWriting(store, clock), false);
    await close();
  },
);
