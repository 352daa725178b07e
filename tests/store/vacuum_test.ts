import { deepEqual, equal, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_NAME, type SqliteStore } from "../../lib/store/mod.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import {
  aMessage,
  committed,
  delivery,
  filledSession,
  fillSession,
  stateOf,
} from "./contract_support.ts";
import { copyFiles, open, storeTest } from "./sqlite_support.ts";

/** Enough for a file of 20 MB. */
const MESSAGES = 2000;
const PAYLOAD = new Uint8Array(10_000);

function sizeOf(directory: string): number {
  return Deno.statSync(`${directory}/${DATABASE_NAME}`).size;
}

/** Fills a queue and drains it again, but for what is to stay. */
async function fillAndDrain(store: SqliteStore, stays: number): Promise<void> {
  store.putSession("a", 60, Infinity);
  const all = Array.from(
    { length: MESSAGES },
    (_, i) => delivery(1 + i, 1, aMessage({ payload: PAYLOAD })),
  );
  for (const one of all) store.putDelivery("a", one);
  await committed(store);
  for (const one of all.slice(stays)) store.deleteDelivery("a", one);
  await committed(store);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

storeTest(
  "a file whose queue has drained becomes small again, when nothing else is to do",
  async (directory) => {
    const { store, close } = open(directory);
    await fillAndDrain(store, 10);
    await until(() => sizeOf(directory) < 2_000_000);
    await close();
    const again = open(directory);
    equal(stateOf(again.state).sessions[0]!.deliveries.length, 10);
    await again.close();
  },
);

storeTest("as long as there is something to do the file keeps its room", async (directory) => {
  const { store, close } = open(directory);
  await fillAndDrain(store, 10);
  store.putReceived("a", 1);
  await committed(store);
  const before = sizeOf(directory);
  ok(before > 10_000_000, `${before} bytes`);
  // More often than it is given back.
  for (let i = 2; i < 30; i++) {
    store.putReceived("a", i);
    await committed(store);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  equal(sizeOf(directory), before);
  await close();
});

/** Restricted as the broker is: some of what SQLite can do is not for such a process. */
const PERMISSIONS = ["--allow-read", "--allow-write"];

storeTest(
  "a file of an older program can become small too, once it holds little",
  async (directory) => {
    const path = `${directory}/${DATABASE_NAME}`;
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA journal_mode = WAL; ${MIGRATIONS[0]}; PRAGMA user_version = 1`);
    db.close();
    equal(autoVacuum(path), 0);
    const program = new URL("./salvage_child.ts", import.meta.url).pathname;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...PERMISSIONS, program, directory],
    }).output();
    equal(success, true);
    equal(autoVacuum(path), 2);
  },
);

storeTest("a file that is made anew has the same in it", async (directory) => {
  const [whole, old] = [`${directory}/whole`, `${directory}/old`];
  const first = open(whole);
  for (let i = 0; i < 50; i++) fillSession(first.store, `client ${i}`, 1 + 2 * i);
  await first.close();
  await copyFiles(whole, old);
  const path = `${old}/${DATABASE_NAME}`;
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
  db.close();
  equal(autoVacuum(path), 0);
  const second = open(old);
  await second.close();
  equal(autoVacuum(path), 2);
  const third = open(old);
  for (const { state } of [second, third]) {
    deepEqual(stateOf({ ...state, retained: [] }).sessions.length, 50);
  }
  for (const { clientId, ...session } of stateOf(third.state).sessions) {
    const first = 1 + 2 * Number(clientId.slice(7));
    deepEqual({ clientId, ...session }, filledSession(clientId, 60, Infinity, first));
  }
  await third.close();
});

function autoVacuum(path: string): unknown {
  using db = new DatabaseSync(path);
  return db.prepare("PRAGMA auto_vacuum").get()!["auto_vacuum"];
}
