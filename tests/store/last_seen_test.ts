import { equal, ok } from "node:assert/strict";
import { committed } from "./contract_support.ts";
import { ManualClock } from "./manual_clock.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

/** What a process that is killed now leaves behind says of the time. */
async function seenAfterCrash(directory: string): Promise<number | undefined> {
  const copy = `${directory}-copy`;
  await copyFiles(directory, copy);
  const { lastSeenMs, close } = open(copy);
  await close();
  await Deno.remove(copy, { recursive: true });
  return lastSeenMs;
}

storeTest("a new store has seen no time", async (directory) => {
  const { lastSeenMs, close } = open(directory);
  equal(lastSeenMs, undefined);
  await close();
});

storeTest("the time of the last batch is known after a crash, to the second", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  store.putSession("a", 60, Infinity);
  await committed(store);
  equal(await seenAfterCrash(directory), clock.startMs);
  for (let i = 0; i < 30; i++) {
    clock.advance(300);
    store.putReceived("a", 1 + i);
    await committed(store);
    const behindMs = clock.date() - (await seenAfterCrash(directory))!;
    ok(behindMs >= 0 && behindMs < 1000, `${behindMs} ms behind`);
  }
  await close();
});

storeTest("a clock that was set back is believed", async (directory) => {
  const clock = new ManualClock();
  const first = open(directory, { clock });
  first.store.putSession("a", 60, Infinity);
  await committed(first.store);
  await first.close();
  const before = new ManualClock(clock.startMs - 1_000_000);
  const second = open(directory, { clock: before });
  equal(second.lastSeenMs, clock.startMs);
  second.store.putReceived("a", 1);
  await committed(second.store);
  await second.close();
  equal(await seenAfterCrash(directory), before.startMs);
});

storeTest("a store that is closed has seen the time until then", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  store.putSession("a", 60, Infinity);
  await committed(store);
  clock.advance(3_600_000);
  await close();
  equal(await seenAfterCrash(directory), clock.date());
});

storeTest("a second has one write of the time at most", async (directory) => {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  store.putSession("a", 60, Infinity);
  await committed(store);
  store.putReceived("a", 1);
  await committed(store);
  const { writtenBytes } = store.stats;
  store.putReceived("a", 2);
  await committed(store);
  const withoutBytes = store.stats.writtenBytes - writtenBytes;
  clock.advance(1000);
  store.putReceived("a", 3);
  await committed(store);
  // One page more, and what stands before it.
  equal(store.stats.writtenBytes - writtenBytes - 2 * withoutBytes, 4096 + 24);
  await close();
});
