import { deepEqual, equal, ok } from "node:assert/strict";
import type { SqliteStore } from "../../lib/store/mod.ts";
import { committed, delivery, Retainer } from "./contract_support.ts";
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

async function untilCommits(store: SqliteStore, count: number): Promise<number> {
  const startMs = performance.now();
  while (store.stats.commits < count) await new Promise((resolve) => setTimeout(resolve, 10));
  return performance.now() - startMs;
}

storeTest("of a value that changes often, only the last is written", async (directory) => {
  const { store, close } = open(directory);
  const change = changing(store);
  await committed(store);
  const before = store.stats.commits;
  for (let i = 1; i <= 100; i++) {
    change("often", i);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  equal(store.stats.commits, before);
  const tookMs = await untilCommits(store, before + 1);
  ok(tookMs < 10_000, `${tookMs} ms`); // A second, and what a busy machine makes of it.
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
  const { store, close } = open(directory);
  const change = changing(store);
  store.putSession("a", 60, Infinity);
  const awaited = committed(store);
  change("lazy"); // While that is written.
  await awaited;
  const { commits } = store.stats;
  // Longer than it would take to write it at once.
  await new Promise((resolve) => setTimeout(resolve, 200));
  equal(store.stats.commits, commits);
  await close();
});

/** The quickest of some attempts, milliseconds: on a busy machine one may take long for no fault of ours. */
async function quickestMs(enoughMs: number, attempt: (index: number) => Promise<number>) {
  let quickest = Infinity;
  for (let i = 0; i < 5 && quickest >= enoughMs; i++) {
    quickest = Math.min(quickest, await attempt(i));
  }
  return quickest;
}

async function timed(work: Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work;
  return performance.now() - startMs;
}

storeTest("who waits does not wait as long as what nobody waits for", async (directory) => {
  const { store, close } = open(directory);
  const change = changing(store);
  store.putSession("a", 60, Infinity);
  await committed(store);
  const tookMs = await quickestMs(500, (index) => {
    change("lazy", index);
    // It may be acknowledged in a moment, and is not.
    store.putDelivery("a", delivery(1 + index));
    store.putInFlight("a", 1 + index, 1 + index, "published");
    return timed(committed(store));
  });
  ok(tookMs < 500, `${tookMs} ms`);
  await close();
});

storeTest("closing writes at once what nobody waits for", async (directory) => {
  const tookMs = await quickestMs(500, async (index) => {
    const { store, close } = open(directory);
    await committed(store);
    store.begin();
    changing(store)("lazy", index);
    const closingMs = await timed(close());
    deepEqual(await retainedIn(directory), [`lazy=${index}`]);
    return closingMs;
  });
  ok(tookMs < 500, `${tookMs} ms`);
});
