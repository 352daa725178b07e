import { deepEqual } from "node:assert/strict";
import type { SharedDelivery, StoredState } from "../../lib/broker/mod.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { aMessage, committed } from "./contract_support.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

const SHARE = "$share/g/a/é";

function due(node: string, logId: number, at = logId, share = SHARE): SharedDelivery {
  const message = aMessage({
    logId,
    qos: 2,
    properties: { contentType: "x" },
    expiresAtMs: 4_000_000_000_000,
    publisherId: "p",
  });
  return { share, node, at, message };
}

const ofState = ({ shared }: StoredState) =>
  [...shared ?? []].map(({ share, node, at, message }) =>
    `${node} ${share} ${message.logId} ${at} ${message.qos} ${message.properties?.contentType} ` +
    `${message.expiresAtMs} ${message.publisherId}`
  );
const line = (node: string, logId: number, at = logId, share = SHARE) =>
  `${node} ${share} ${logId} ${at} 2 x 4000000000000 p`;

storeTest(
  "what nodes have to deliver is there again, in the order in which it came to them",
  async (directory) => {
    const { store, close } = open(directory);
    store.putShared(due("b", 3000));
    store.putShared(due("", 2000));
    store.putShared(due("b", 1000, 5000));
    store.putShared(due("a", 1000, 1000, "$share/h/a"));
    await committed(store);
    const copy = `${directory}-copy`;
    await copyFiles(directory, copy);
    await close();
    const expected = [
      line("a", 1000, 1000, "$share/h/a"),
      line("", 2000),
      line("b", 3000),
      line("b", 1000, 5000),
    ];
    for (const one of [directory, copy]) {
      const { state, close } = open(one);
      deepEqual(ofState(state), expected);
      await close();
    }
    await Deno.remove(copy, { recursive: true });
  },
);

storeTest(
  "what is delivered, or goes to another node, is not there as before",
  async (directory) => {
    {
      const { store, close } = open(directory);
      store.putShared(due("a", 1000));
      store.putShared(due("a", 2000));
      store.putShared(due("a", 3000));
      await committed(store);
      // It is written already.
      store.deleteShared(SHARE, 1000);
      store.putShared(due("b", 1000, 4000));
      store.deleteShared(SHARE, 2000);
      // And this is not.
      store.putShared(due("a", 5000));
      store.deleteShared(SHARE, 5000);
      store.deleteShared(SHARE, 3000);
      store.putShared(due("b", 3000, 4000));
      store.deleteShared(SHARE, 3000);
      await committed(store);
      await close();
    }
    const { state, close } = open(directory);
    deepEqual(ofState(state), [line("b", 1000, 4000)]);
    await close();
  },
);

Deno.test("MemoryStore: what nodes have to deliver counts when it is committed", () => {
  const store = new MemoryStore();
  store.putShared(due("a", 1000));
  store.putShared(due("a", 2000));
  store.commit();
  store.deleteShared(SHARE, 1000);
  deepEqual(ofState(store.load()), [line("a", 1000), line("a", 2000)]);
  store.deleteShared(SHARE, 1000);
  store.commit();
  deepEqual(ofState(store.load()), [line("a", 2000)]);
});
