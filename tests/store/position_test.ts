import { equal } from "node:assert/strict";
import { committed } from "./contract_support.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

/** The position that a process that is killed now leaves behind. */
async function positionAfterCrash(directory: string): Promise<string | undefined> {
  const copy = `${directory}-copy`;
  await copyFiles(directory, copy);
  const { state, close } = open(copy);
  await close();
  await Deno.remove(copy, { recursive: true });
  return state.position;
}

storeTest("a new store has no position of a cluster's log", async (directory) => {
  const { state, close } = open(directory);
  equal(state.position, undefined);
  await close();
});

storeTest("a position is committed with what was put before it", async (directory) => {
  const { store, close } = open(directory);
  store.putSession("a", 60, Infinity);
  store.putPosition("one");
  await committed(store);
  equal(await positionAfterCrash(directory), "one");
  store.putReceived("a", 1);
  store.putPosition("two");
  equal(await positionAfterCrash(directory), "one");
  await committed(store);
  equal(await positionAfterCrash(directory), "two");
  await close();
});

storeTest("positions alone are written when there are many", async (directory) => {
  const { store, close } = open(directory);
  for (let i = 1; i <= 1000; i++) store.putPosition(`${i}`);
  await committed(store);
  equal(await positionAfterCrash(directory), "1000");
  await close();
});

storeTest("the last position is written when the store closes, also alone", async (directory) => {
  const first = open(directory);
  first.store.putPosition("one");
  await first.close();
  const second = open(directory);
  equal(second.state.position, "one");
  await second.close();
  const third = open(directory);
  equal(third.state.position, "one");
  await third.close();
});
