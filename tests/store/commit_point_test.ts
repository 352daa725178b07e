import { deepEqual, equal } from "node:assert/strict";
import type { Delivery } from "../../lib/broker/mod.ts";
import { StoredInFlight } from "../../lib/session/in_flight.ts";
import type { SqliteStore } from "../../lib/store/mod.ts";
import { aMessage, committed, delivery, forComparison, written } from "./contract_support.ts";
import { ManualClock } from "./manual_clock.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

/** A store with a session "a", and what its commits say. */
async function begin(directory: string) {
  const clock = new ManualClock();
  const { store, close } = open(directory, { clock });
  store.putSession("a", 60, Infinity);
  store.putSession("b", 60, Infinity);
  await committed(store);
  const done: string[] = [];
  return {
    clock,
    store,
    close,
    done,
    commits: store.stats.commits,
    commit: (name: string) => store.commit(() => done.push(name)),
  };
}

function send(store: SqliteStore, one: Delivery, clientId = "a"): void {
  store.putDelivery(clientId, one);
  store.putInFlight(clientId, one.sequence, one.sequence, "published");
}

/** As the core sends a message to one connected client. */
function sendAtOnce(store: SqliteStore, sequence: number, clientId = "a"): StoredInFlight {
  const payload = { bytes: Uint8Array.of(0, sequence, 0), at: 1, length: 1 };
  const sent = new StoredInFlight(sequence, sequence, "a/b", "publisher", payload);
  store.putSent(clientId, sent);
  return sent;
}

function acknowledge(store: SqliteStore, one: Delivery, clientId = "a"): void {
  store.deleteDelivery(clientId, one);
  store.commit();
}

/** Waits until the Worker has answered. */
async function untilCommits(store: SqliteStore, count: number): Promise<void> {
  while (store.stats.commits < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Sequences of the deliveries that the files hold, of all sessions. */
async function storedIn(directory: string): Promise<number[]> {
  const copy = `${directory}-copy`;
  await copyFiles(directory, copy);
  const { state, close } = open(copy);
  const sessions = [...state.sessions];
  await close();
  await Deno.remove(copy, { recursive: true });
  return sessions.flatMap(({ deliveries }) => deliveries.map((one) => one.delivery.sequence))
    .sort((a, b) => a - b);
}

storeTest("what its receiver has acknowledged needs no write", async (directory) => {
  const { store, close, done, commit, commits } = await begin(directory);
  const [one, two] = [delivery(1), delivery(2)];
  send(store, one);
  commit("one");
  send(store, two);
  commit("two");
  deepEqual(done, []);
  acknowledge(store, one);
  // Not when all is acknowledged: when this is.
  deepEqual(done, ["one"]);
  acknowledge(store, two);
  deepEqual(done, ["one", "two"]);
  equal(store.stats.commits, commits);
  await close();
});

storeTest("commits are done in their order, whoever acknowledges first", async (directory) => {
  const { store, close, done, commit } = await begin(directory);
  const [one, two] = [delivery(1), delivery(2)];
  send(store, one);
  commit("one");
  send(store, two);
  commit("two");
  acknowledge(store, two);
  deepEqual(done, []);
  acknowledge(store, one);
  deepEqual(done, ["one", "two"]);
  await close();
});

storeTest("what was sent a moment ago is not written with what is older", async (directory) => {
  const { store, close, done, commit, commits, clock } = await begin(directory);
  const [one, two] = [delivery(1), delivery(2)];
  send(store, one);
  commit("one");
  clock.advance(4);
  send(store, two);
  commit("two");
  clock.advance(1);
  await untilCommits(store, commits + 1);
  deepEqual(done, ["one"]);
  deepEqual(await storedIn(directory), [1]);
  acknowledge(store, two);
  deepEqual(done, ["one", "two"]);
  equal(store.stats.commits, commits + 1);
  await close();
});

storeTest("what is not acknowledged in time is written", async (directory) => {
  const { store, close, done, commit, commits, clock } = await begin(directory);
  send(store, delivery(1));
  commit("one");
  clock.advance(4);
  send(store, delivery(2));
  commit("two");
  clock.advance(1);
  await untilCommits(store, commits + 1);
  clock.advance(4);
  await untilCommits(store, commits + 2);
  deepEqual(done, ["one", "two"]);
  deepEqual(await storedIn(directory), [1, 2]);
  await close();
});

storeTest("what lasts is written, whatever is acknowledged", async (directory) => {
  const { store, close, done, commit, clock, commits } = await begin(directory);
  const [one, two] = [delivery(1), delivery(2)];
  send(store, one);
  store.putReceived("b", 7);
  commit("one");
  send(store, two);
  commit("two");
  acknowledge(store, one);
  acknowledge(store, two);
  deepEqual(done, []);
  clock.advance(5);
  await untilCommits(store, commits + 1);
  deepEqual(done, ["one", "two"]);
  await close();
});

storeTest(
  "of a message for two it is not one that is written, and nothing of it stays",
  async (directory) => {
    const { store, close, done, commit, commits, clock } = await begin(directory);
    const message = aMessage();
    const [one, two] = [delivery(1, 1, message), delivery(2, 1, message)];
    send(store, one);
    commit("one");
    clock.advance(4);
    // As a large fan-out does it, which goes on in later turns.
    send(store, two, "b");
    commit("two");
    clock.advance(1);
    await untilCommits(store, commits + 1);
    deepEqual(done, ["one", "two"]);
    deepEqual(await storedIn(directory), [1, 2]);
    acknowledge(store, one);
    acknowledge(store, two, "b");
    await written(store);
    deepEqual(await storedIn(directory), []);
    await close();
  },
);

storeTest("a position says that all before it is written", async (directory) => {
  const { store, close, commit, commits, clock } = await begin(directory);
  send(store, delivery(1));
  store.putPosition("5");
  store.putReceived("b", 7);
  commit("one");
  clock.advance(4);
  send(store, delivery(2));
  commit("two");
  clock.advance(1);
  await untilCommits(store, commits + 1);
  deepEqual(await storedIn(directory), [1, 2]);
  await close();
});

storeTest(
  "what a receiver takes while the disk writes is not written when the disk has time",
  async (directory) => {
    const { store, close, done, commit, commits, clock } = await begin(directory);
    const [one, two] = [delivery(1), delivery(2)];
    send(store, one);
    commit("one");
    clock.advance(5);
    send(store, two);
    commit("two");
    acknowledge(store, two);
    // It is in the hands of the disk, which has not answered: commits keep their order.
    deepEqual(done, []);
    await untilCommits(store, commits + 1);
    deepEqual(done, ["one", "two"]);
    deepEqual(await storedIn(directory), [1]);
    await close();
  },
);

storeTest(
  "what nobody waits for is written, also if it is never acknowledged",
  async (directory) => {
    const { store, close, commits, clock } = await begin(directory);
    send(store, delivery(1));
    store.commit();
    clock.advance(1000);
    await untilCommits(store, commits + 1);
    deepEqual(await storedIn(directory), [1]);
    await close();
  },
);

storeTest("what is sent at once needs no write when it is acknowledged", async (directory) => {
  const { store, close, done, commit, commits } = await begin(directory);
  const sent = [1, 2, 3].map((sequence) => {
    const one = sendAtOnce(store, sequence);
    commit(`${sequence}`);
    return one;
  });
  acknowledge(store, sent[1]!);
  deepEqual(done, []);
  acknowledge(store, sent[0]!);
  deepEqual(done, ["1", "2"]);
  acknowledge(store, sent[2]!);
  deepEqual(done, ["1", "2", "3"]);
  equal(store.stats.commits, commits);
  await close();
});

storeTest("what is sent at once is written whole, and deleted like all else", async (directory) => {
  const { store, close, done, commit, commits, clock } = await begin(directory);
  const one = sendAtOnce(store, 1);
  sendAtOnce(store, 2, "b");
  commit("both");
  clock.advance(4);
  const three = sendAtOnce(store, 3);
  commit("three");
  clock.advance(1);
  await untilCommits(store, commits + 1);
  deepEqual(done, ["both"]);
  deepEqual(await storedIn(directory), [1, 2]);
  acknowledge(store, three);
  acknowledge(store, one);
  deepEqual(done, ["both", "three"]);
  await written(store);
  await copyFiles(directory, `${directory}-copy`);
  const { state, close: closeCopy } = open(`${directory}-copy`);
  const deliveries = [...state.sessions].flatMap(({ deliveries }) => deliveries);
  await closeCopy();
  await close();
  const payload = { bytes: Uint8Array.of(2), at: 0, length: 1 };
  const plain = new StoredInFlight(2, 2, "a/b", "publisher", payload).toDelivery();
  deepEqual(
    deliveries.map(({ delivery, packetId, state }) => [
      forComparison(delivery),
      packetId,
      state,
    ]),
    [[forComparison(plain), 2, "published"]],
  );
});

storeTest("what was sent at once ends with its session", async (directory) => {
  const { store, close, done, commit } = await begin(directory);
  const one = sendAtOnce(store, 1);
  const two = sendAtOnce(store, 2, "b");
  commit("sent");
  store.deleteSession("a");
  store.putSession("a", 60, Infinity);
  store.deleteDelivery("a", one);
  deepEqual(done, []);
  acknowledge(store, two, "b");
  deepEqual(done, ["sent"]);
  await close();
  deepEqual(await storedIn(directory), []);
});

storeTest(
  "a session that is put as it is writes nothing, and waits for what has put it",
  async (directory) => {
    const { store, close, done, commits, commit } = await begin(directory);
    store.putSession("a", 60, Infinity);
    commit("as it is");
    deepEqual([done, store.stats.commits], [["as it is"], commits]);
    store.putSession("a", 60, 5000, "owner");
    commit("changed");
    store.putSession("a", 60, 5000, "owner");
    commit("the same");
    // Who owns it stays.
    store.putSession("a", 60, 5000);
    commit("of the same owner");
    deepEqual(done, ["as it is"]);
    await committed(store);
    deepEqual(done, ["as it is", "changed", "the same", "of the same owner"]);
    equal(store.stats.commits, commits + 1);
    const puts: [expirySeconds: number, expiresAtMs: number, owner: string][] = [
      [60, 5000, "other"],
      [60, 6000, "other"],
      [70, 6000, "other"],
    ];
    for (const [i, put] of puts.entries()) {
      store.putSession("a", ...put);
      await committed(store);
      equal(store.stats.commits, commits + 2 + i);
    }
    await close();
    const again = open(directory, { clock: new ManualClock() });
    const stored = [...again.state.sessions].find(({ clientId }) => clientId === "a")!;
    deepEqual([stored.expirySeconds, stored.expiresAtMs, stored.owner], [70, 6000, "other"]);
    again.store.putSession("a", 70, 6000, "other");
    let isDone = false;
    again.store.commit(() => isDone = true);
    equal(isDone, true);
    again.store.deleteSession("a");
    again.store.putSession("a", 70, 6000, "other");
    await committed(again.store);
    await again.close();
    const last = open(directory, { clock: new ManualClock() });
    equal([...last.state.sessions].some(({ clientId }) => clientId === "a"), true);
    await last.close();
  },
);
