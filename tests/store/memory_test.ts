import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/memory_store.ts";
import { storeContract } from "./contract.ts";

storeContract("MemoryStore", () => {
  const store = new MemoryStore();
  return Promise.resolve({
    store,
    reopen: () => Promise.resolve(store.load()),
    close: () => Promise.resolve(),
  });
});

storeContract("MemoryStore with commits that take their time", () => {
  const store = new MemoryStore((run) => queueMicrotask(run));
  return Promise.resolve({
    store,
    reopen: () => Promise.resolve(store.load()),
    close: () => Promise.resolve(),
  });
});

Deno.test("MemoryStore: a commit is done when the schedule says so, and what it wrote counts from then", () => {
  const waiting: (() => void)[] = [];
  const done: string[] = [];
  const store = new MemoryStore((run) => waiting.push(run));
  for (const clientId of ["a", "b"]) {
    store.putSession(clientId, 60, Infinity);
    store.commit(() => done.push(clientId));
  }
  deepEqual(done, []);
  waiting.pop()!(); // Whichever is called: the first commit comes first.
  deepEqual(done, ["a"]);
  deepEqual([...store.load().sessions].map(({ clientId }) => clientId), ["a"]);
  waiting.pop()!(); // Of a process that has crashed in the meantime.
  deepEqual(done, ["a"]);
  equal([...store.load().sessions].length, 1);
});
