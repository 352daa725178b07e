import { deepEqual, equal, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { QueuePage } from "../../lib/broker/mod.ts";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import { DAMAGE_MARK } from "../../lib/store/store_files.ts";
import { aMessage, committed, delivery, readAll, sorted } from "./contract_support.ts";
import { inDirectory, LogRecord, open, storeTest } from "./sqlite_support.ts";

/** One number that a statement gives, of a store that is closed. */
function ask(directory: string, sql: string): number {
  const db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
  try {
    return Number(Object.values(db.prepare(sql).get()!)[0]);
  } finally {
    db.close();
  }
}

/** A store with so many messages of a queue in it, put apart. */
async function fill(directory: string, messages: number): Promise<void> {
  const { store, close } = open(directory);
  store.putSession("a", 60, Infinity);
  for (let i = 1; i <= messages; i++) store.putDelivery("a", delivery(i, i % 3 as 0 | 1 | 2), true);
  await committed(store);
  await close();
}

storeTest(
  "a message of a fan-out is one row, and none when its last delivery is gone",
  async (directory) => {
    const first = open(directory);
    const shared = aMessage();
    const clientIds = Array.from({ length: 20 }, (_, i) => `client ${i}`);
    for (const [i, clientId] of clientIds.entries()) {
      first.store.putSession(clientId, 60, Infinity);
      first.store.putDelivery(clientId, delivery(1 + i, 1, shared), i % 2 === 0);
    }
    await committed(first.store);
    await first.close();
    equal(ask(directory, "SELECT count(*) FROM messages"), 1);
    const second = open(directory);
    for (const { clientId, deliveries } of second.state.sessions) {
      for (const { delivery } of deliveries) second.store.deleteDelivery(clientId, delivery);
      if (clientId !== "client 19") await committed(second.store);
    }
    await second.close();
    equal(ask(directory, "SELECT count(*) FROM messages"), 0);
  },
);

storeTest(
  "how much waits in a long queue is known at the start, which does not read it",
  async (directory) => {
    await fill(directory, 3000);
    const { state, store, close } = open(directory);
    const [session] = [...state.sessions];
    equal(session!.deliveries.length, 0);
    equal(session!.queue?.messages, 3000);
    equal(session!.queue?.qos0Messages, 1000);
    ok(state.nextSequence! > 3000);
    equal((await readAll(store, "a")).length, 3000);
    await close();
  },
);

storeTest(
  "large messages between small ones are read in order, and of each part no more than fits",
  async (directory) => {
    const { store, close } = open(directory);
    store.putSession("a", 60, Infinity);
    const sizes = [10, 5000, 10, 1100, 900, 70_000, 10];
    for (const [i, size] of sizes.entries()) {
      const message = { ...aMessage(), payload: new Uint8Array(size).fill(i) };
      store.putDelivery("a", delivery(i + 1, 1, message), true);
    }
    await committed(store);
    const parts: number[][] = [];
    for (let afterSequence = 0; afterSequence < sizes.length;) {
      const query = { afterSequence, maxMessages: 100, maxBytes: 6000 };
      const page = await new Promise<QueuePage>((done) => store.readQueue("a", query, done));
      for (const { sequence, message: { payload } } of page.deliveries) {
        deepEqual(payload, new Uint8Array(sizes[sequence - 1]!).fill(sequence - 1));
      }
      parts.push(page.deliveries.map(({ sequence }) => sequence));
      afterSequence = parts.at(-1)!.at(-1)!;
    }
    deepEqual(parts, [[1, 2, 3], [4, 5], [6], [7]]);
    await close();
  },
);

storeTest(
  "what waits for a session that has ended leaves little by little, also over a restart",
  async (directory) => {
    await fill(directory, 5000);
    const first = open(directory);
    first.store.deleteSession("a");
    await committed(first.store);
    await first.close();
    while (ask(directory, "SELECT count(*) FROM ended") > 0) {
      const next = open(directory);
      deepEqual([...next.state.sessions], []);
      // Nobody else gets its number before it is gone.
      next.store.putSession("b", 60, Infinity);
      await committed(next.store);
      equal((await readAll(next.store, "b")).length, 0);
      next.store.deleteSession("b");
      await pause(10);
      await next.close();
    }
    equal(ask(directory, "SELECT count(*) FROM waiting"), 0);
    equal(ask(directory, "SELECT count(*) FROM messages"), 0);
  },
);

storeTest(
  "a file of schema 5 becomes one of today, and what waits in it is counted",
  async (directory) => {
    const db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
    db.exec(`${MIGRATIONS.slice(0, 5).join("\n")}; PRAGMA user_version = 5; BEGIN;
    INSERT INTO sessions VALUES (4, 'a', 60, NULL, 'o'), (5, 'b', 60, NULL, NULL);
    INSERT INTO messages VALUES (7, x'320700016100010078', 'p', NULL);
    INSERT INTO deliveries VALUES (9, 5, 7, 1, 1, 0, NULL, NULL);`);
    const put = db.prepare("INSERT INTO deliveries VALUES (?, 4, 7, ?, 0, 0, NULL, ?)");
    for (let i = 0; i < 600; i++) put.run(10 + i, i % 3, i === 300 ? "$share/g/a" : null);
    db.exec("COMMIT");
    db.close();
    const first = open(directory);
    const [a, b] = sorted(first.state);
    equal(a!.queue?.messages, 600);
    equal(a!.queue?.qos0Messages, 200);
    deepEqual(a!.deliveries.map(({ delivery }) => delivery.share), ["$share/g/a"]);
    equal(b!.deliveries[0]!.packetId, 1);
    const waiting = await readAll(first.store, "a");
    equal(waiting.length, 599);
    for (const one of waiting) first.store.deleteDelivery("a", one);
    await committed(first.store);
    await first.close();
    const second = open(directory);
    await second.close();
    const { queue, deliveries } = sorted(second.state)[0]!;
    deepEqual([queue, deliveries.length], [undefined, 1]);
  },
);

Deno.test("SqliteStore: damage that is found while the broker runs is mended by the next process", async () => {
  await inDirectory(async (directory) => {
    await fill(directory, 3000);
    const path = `${directory}/${DATABASE_NAME}`;
    const bytes = await Deno.readFile(path);
    // Leaves of a table with rows of messages: no page that is read at the start.
    for (let at = 4096 * 40; at < 4096 * 44; at += 4096) bytes.fill(0xff, at, at + 4096);
    await Deno.writeFile(path, bytes);
    await Deno.writeFile(`${directory}/${DAMAGE_MARK}`, new Uint8Array());
    const log = new LogRecord();
    const { state, close } = open(directory, { log });
    log.find(/The store is damaged/);
    const [session] = [...state.sessions];
    ok(session!.queue!.messages > 2000 && session!.queue!.messages < 3000);
    await close();
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    equal(names.includes(DAMAGE_MARK), false);
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
