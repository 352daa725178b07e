import { deepEqual, equal } from "node:assert/strict";
import type { StoredState } from "../../lib/broker/mod.ts";
import type { OpenedStore } from "../../lib/store/mod.ts";
import { type OpenStore, storeContract } from "./contract.ts";
import {
  aMessage,
  committed,
  delivery,
  sequences,
  stateOf,
  withQueues,
} from "./contract_support.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

storeContract("SqliteStore", async () => {
  return new CrashingStore(await Deno.makeTempDir({ prefix: "flux-store-" }));
});

/** A store whose crash is a copy of its files: nothing is asked to write what has gathered. */
class CrashingStore implements OpenStore {
  #opened: OpenedStore;
  #generation = 0;

  constructor(readonly root: string) {
    this.#opened = open(`${root}/0`);
  }

  get store() {
    return this.#opened.store;
  }

  readonly reopen = async (): Promise<StoredState> => {
    const before = `${this.root}/${this.#generation++}`;
    const after = `${this.root}/${this.#generation}`;
    await copyFiles(before, after);
    await this.#opened.close();
    await Deno.remove(before, { recursive: true });
    this.#opened = open(after);
    return await withQueues(this.#opened.store, this.#opened.state);
  };

  async close(): Promise<void> {
    await this.#opened.close();
    await Deno.remove(this.root, { recursive: true });
  }
}

storeTest("what has gathered is written when it closes", async (directory) => {
  const first = open(directory);
  first.store.putSession("a", 60, Infinity);
  first.store.putDelivery("a", delivery(1));
  await first.close();
  const second = open(directory);
  deepEqual([...second.state.sessions].map(sequences), [[1]]);
  await second.close();
});

storeTest(
  "what cancels out in a batch is never written, and its commit is done",
  async (directory) => {
    const { store, close } = open(directory);
    store.putSession("a", 60, Infinity);
    await committed(store);
    const { commits } = store.stats;
    for (let sequence = 1; sequence <= 5000; sequence++) {
      const one = delivery(sequence, 2);
      store.putDelivery("a", one);
      store.putInFlight("a", sequence, sequence, "published");
      store.putInFlight("a", sequence, sequence, "released");
      store.putReceived("a", sequence);
      store.deleteReceived("a", sequence);
      store.deleteDelivery("a", one);
    }
    await committed(store);
    equal(store.stats.commits, commits);
    await close();
  },
);

storeTest(
  "what its receiver acknowledges in a moment is never written, and is committed then",
  async (directory) => {
    const { store, close } = open(directory);
    store.putSession("a", 60, Infinity);
    await committed(store);
    const { commits } = store.stats;
    const one = delivery(1);
    store.putDelivery("a", one);
    store.putInFlight("a", 1, 1, "published");
    const published = committed(store);
    store.deleteDelivery("a", one);
    const acknowledged = committed(store);
    await Promise.all([published, acknowledged]);
    equal(store.stats.commits, commits);
    // Who takes longer is not waited for.
    store.putDelivery("a", delivery(2));
    store.putInFlight("a", 2, 2, "published");
    await committed(store);
    equal(store.stats.commits, commits + 1);
    await close();
  },
);

storeTest(
  "what a commit that is under way has taken along is deleted by the next",
  async (directory) => {
    const first = open(directory);
    const { store } = first;
    const shared = aMessage();
    store.putSession("a", 60, Infinity);
    store.putDelivery("a", delivery(1, 2, shared));
    store.putReceived("a", 7);
    const all: Promise<void>[] = [committed(store)]; // The Worker has it now.
    store.putInFlight("a", 1, 9, "released");
    store.putDelivery("a", delivery(2, 2, shared));
    store.deleteDelivery("a", delivery(1));
    store.deleteReceived("a", 7);
    store.putReceived("a", 7);
    store.deleteReceived("a", 7);
    all.push(committed(store));
    await Promise.all(all);
    await first.close();
    const second = open(directory);
    const [session] = stateOf(second.state).sessions;
    deepEqual([sequences(session!), session!.received], [[2], []]);
    await second.close();
  },
);

storeTest(
  "commits are done in their order while another one runs, cancelled ones too",
  async (directory) => {
    const { store, close } = open(directory);
    const done: number[] = [];
    store.putSession("a", 60, Infinity);
    const commits = Array.from({ length: 50 }, (_, i) => {
      const one = delivery(i + 1);
      if (i % 4 < 2) store.putDelivery("a", one);
      if (i % 4 === 1) store.deleteDelivery("a", one);
      return new Promise<void>((resolve) =>
        store.commit(() => {
          done.push(i);
          // What a commit leads to comes after those that were there before.
          if (i % 10 === 0) store.commit(() => done.push(100 + i));
          resolve();
        })
      );
    });
    await Promise.all(commits);
    await committed(store);
    deepEqual(done.filter((i) => i < 100), [...Array(50).keys()]);
    deepEqual(done.filter((i) => i >= 100), [100, 110, 120, 130, 140]);
    await close();
  },
);

storeTest(
  "with interval nothing waits for the disk, and it is brought there",
  async (directory) => {
    const { store, close } = open(directory, { durability: "interval" });
    store.putSession("a", 60, Infinity);
    await committed(store);
    const { fsyncs } = store.stats;
    for (let i = 0; i < 20; i++) {
      store.putSession(`client ${i}`, 60, Infinity);
      await committed(store);
    }
    equal(store.stats.fsyncs, fsyncs);
    equal(store.stats.commits, 21);
    await close();
  },
);

storeTest("with always each commit is one call that waits for the disk", async (directory) => {
  const { store, close } = open(directory);
  store.putSession("a", 60, Infinity);
  await committed(store);
  const before = store.stats;
  for (let i = 0; i < 20; i++) {
    store.putSession(`client ${i}`, 60, Infinity);
    await committed(store);
  }
  equal(store.stats.fsyncs - before.fsyncs, 20);
  equal(store.stats.commits - before.commits, 20);
  await close();
});
