import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { StoredState } from "../../lib/broker/mod.ts";
import { DATABASE_NAME, SCHEMA_VERSION } from "../../lib/store/mod.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import { Random } from "../support/random.ts";
import {
  aMessage,
  committed,
  delivery,
  filledSession,
  fillSession,
  Retainer,
  stateOf,
} from "./contract_support.ts";
import { copyFiles, LogRecord, open, storeTest } from "./sqlite_support.ts";

const PAGE_BYTES = 4096;
/** Enough for tables of many pages. */
const SESSIONS = 300;
const RETAINED = 300;

storeTest(
  "a second broker on the directory is refused, until the first has ended",
  async (directory) => {
    const first = open(directory);
    throws(() => open(directory), /^Error: Cannot use .*: another broker has it$/);
    await first.close();
    await open(directory).close();
  },
);

storeTest("a file of a newer program is refused and left alone", async (directory) => {
  await open(directory).close();
  const path = `${directory}/${DATABASE_NAME}`;
  execute(path, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  const before = await Deno.readFile(path);
  throws(
    () => open(directory),
    /schema \d+: this program knows schemas up to \d+, so run a newer one/,
  );
  deepEqual(await Deno.readFile(path), before);
});

storeTest("a file of schema 1 becomes one of today with all that is in it", async (directory) => {
  execute(
    `${directory}/${DATABASE_NAME}`,
    `${MIGRATIONS[0]};
     PRAGMA user_version = 1;
     INSERT INTO sessions VALUES (4, 'a', 60, NULL);
     INSERT INTO subscriptions VALUES (4, 't/#', 2, 9);
     INSERT INTO messages VALUES (7, x'320700016100010078', 'p', 1700000000123);
     INSERT INTO deliveries VALUES (11, 4, 7, 1, 0, 0, '9');
     INSERT INTO received VALUES (4, 3);
     INSERT INTO retained VALUES ('r', x'31050001720078', 'p', NULL);`,
  );
  const log = new LogRecord();
  const { state, store, close } = open(directory, { log });
  const { sessions: [session], retained: [retained] } = stateOf(state);
  const payload = new TextEncoder().encode("x");
  deepEqual(session, {
    clientId: "a",
    expirySeconds: 60,
    expiresAtMs: Infinity,
    subscriptions: [{
      topicFilter: "t/#",
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: 9,
    }],
    deliveries: [{
      delivery: {
        ...delivery(11),
        subscriptionIdentifiers: [9],
        message: aMessage({
          topicName: "a",
          payload,
          publisherId: "p",
          expiresAtMs: 1_700_000_000_123,
        }),
      },
      packetId: 0,
      state: "published",
    }],
    received: [3],
    will: undefined,
  });
  equal(retained?.topicName, "r");
  deepEqual(log.lines, []);
  // What the new columns and tables are for.
  store.putDelivery("a", { ...delivery(12), share: "$share/g/t" });
  fillSession(store, "b", 20);
  await close();
  const again = open(directory);
  const [a, b] = stateOf(again.state).sessions;
  deepEqual(a!.deliveries.map((stored) => stored.delivery.share), [undefined, "$share/g/t"]);
  deepEqual(b, filledSession("b", 60, Infinity, 20));
  await again.close();
});

/** What happens to the file, and how much of it must be saved at least: a part of the sessions and retained messages. */
const DAMAGES: readonly [
  what: string,
  atLeast: number,
  damage: (bytes: Uint8Array) => Uint8Array,
][] = [
  ["cut off in the middle", 0.1, (bytes) => bytes.subarray(0, bytes.length / 2)],
  ["cut off within its last page", 0.9, (bytes) => bytes.subarray(0, bytes.length - 1000)],
  ["with pages of zeros", 0.1, (bytes) => {
    for (let page = 10; page < bytes.length / PAGE_BYTES; page += 10) fillPage(bytes, page, 0);
    return bytes;
  }],
  ["with pages of garbage", 0.1, (bytes) => {
    const random = new Random(5);
    for (let page = 10; page < bytes.length / PAGE_BYTES; page += 10) {
      bytes.set(random.bytes(PAGE_BYTES), page * PAGE_BYTES);
    }
    return bytes;
  }],
  ["with a first page of zeros", 0, (bytes) => fillPage(bytes, 0, 0)],
  ["of garbage", 0, () => new Random(6).bytes(100_000)],
  ["that is a text", 0, () => new TextEncoder().encode("not a database at all\n".repeat(1000))],
];

for (const [what, atLeast, damage] of DAMAGES) {
  storeTest(
    `a file ${what} is set aside, said, and saved as far as it can be read`,
    async (directory) => {
      await fill(directory);
      const path = `${directory}/${DATABASE_NAME}`;
      const damaged = damage(await Deno.readFile(path));
      await Deno.writeFile(path, damaged);
      const log = new LogRecord();
      const first = open(directory, { log });
      const { level, fields } = log.find(/The store is damaged/);
      equal(level, "error");
      match(String(fields!["aside"]), /flux-mqtt\.db\.damaged-\d{4}-\d\d-\d\dT[\d-]+Z$/);
      deepEqual(await Deno.readFile(String(fields!["aside"])), damaged);
      const saved = checkSaved(first.state);
      ok(saved >= atLeast, `Saved ${saved}`);
      // It works as a new one does, and is whole from now on.
      first.store.putSession("new", 60, Infinity);
      await committed(first.store);
      await first.close();
      const quiet = new LogRecord();
      const second = open(directory, { log: quiet });
      equal([...second.state.sessions].length, [...first.state.sessions].length + 1);
      deepEqual(quiet.lines, []);
      await second.close();
    },
  );
}

storeTest("a row that makes no sense is damage, and the others are saved", async (directory) => {
  await fill(directory);
  execute(
    `${directory}/${DATABASE_NAME}`,
    "UPDATE retained SET packet = x'ffff' WHERE topic_name = 'retained/5'",
  );
  const log = new LogRecord();
  const { state, close } = open(directory, { log });
  log.find(/The store is damaged/);
  equal([...state.retained].length, RETAINED - 1);
  equal([...state.sessions].length, SESSIONS);
  await close();
});

const LOG_DAMAGES: readonly [what: string, damage: (log: Uint8Array) => void][] = [
  ["begins with garbage", (log) => log.set(new Random(7).bytes(100))],
  ["has garbage in the middle", (log) => log.set(new Random(8).bytes(100), log.length >> 1)],
  ["is all garbage", (log) => log.set(new Random(9).bytes(log.length))],
];

for (const [what, damage] of LOG_DAMAGES) {
  storeTest(`a write-ahead log that ${what} is copied aside, and it is said`, async (directory) => {
    const [running, crashed] = [`${directory}/running`, `${directory}/crashed`];
    const { store, close } = open(running);
    for (let i = 0; i < 20; i++) {
      fillSession(store, `client ${i}`, 1 + 2 * i);
      await committed(store);
    }
    await copyFiles(running, crashed);
    await close();
    const logPath = `${crashed}/${DATABASE_NAME}-wal`;
    const bytes = await Deno.readFile(logPath);
    damage(bytes);
    await Deno.writeFile(logPath, bytes);
    const log = new LogRecord();
    const opened = open(crashed, { log });
    const { level, fields } = log.find(/The store's log is damaged/);
    equal(level, "error");
    deepEqual(await Deno.readFile(String(fields!["aside"])), bytes);
    for (const session of stateOf(opened.state).sessions) {
      const first = 1 + 2 * Number(session.clientId.slice(7));
      deepEqual(session, filledSession(session.clientId, 60, Infinity, first));
    }
    await opened.close();
  });
}

storeTest(
  "with interval a log that ends early is the power cut's, and no more than a few copies are kept",
  async (directory) => {
    const [running, crashed] = [`${directory}/running`, `${directory}/crashed`];
    const { store, close } = open(running, { durability: "interval" });
    for (let i = 0; i < 20; i++) {
      fillSession(store, `client ${i}`, 1 + 2 * i);
      await committed(store);
    }
    await copyFiles(running, crashed);
    await close();
    const logPath = `${crashed}/${DATABASE_NAME}-wal`;
    const bytes = await Deno.readFile(logPath);
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 4096);
    for (let cut = 1; cut <= 6; cut++) {
      await Deno.writeFile(logPath, bytes);
      const log = new LogRecord();
      await open(crashed, { durability: "interval", log }).close();
      equal(log.find(/The store's log ends early/).level, "info");
      deepEqual(log.lines.filter(({ level }) => level !== "info"), []);
      const copies = [...Deno.readDirSync(crashed)].filter(({ name }) => /damaged/.test(name));
      equal(copies.length, Math.min(cut, 3));
    }
  },
);

storeTest("of damaged files the last three are kept, with their logs", async (directory) => {
  await open(directory).close();
  const path = `${directory}/${DATABASE_NAME}`;
  for (let day = 1; day <= 5; day++) {
    const aside = `${path}.damaged-2026-01-0${day}T00-00-00-000Z`;
    for (const suffix of ["", "-wal"]) await Deno.writeTextFile(aside + suffix, "");
  }
  await Deno.writeTextFile(`${path}-wal.damaged-2025-01-01T00-00-00-000Z`, "");
  const log = new LogRecord();
  await open(directory, { log }).close();
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
  const days = names.flatMap((name) => /damaged-(.*)T/.exec(name)?.[1] ?? []).toSorted();
  const kept = ["2026-01-03", "2026-01-04", "2026-01-05"];
  deepEqual(days, ["2025-01-01", ...kept.flatMap((day) => [day, day])]);
  equal(log.lines.length, 4);
});

storeTest(
  "a log of a process that was killed, at whatever byte, is no damage",
  async (directory) => {
    const running = `${directory}/running`;
    const { store, close } = open(running);
    for (let i = 0; i < 10; i++) {
      store.putSession(`client ${i}`, 60, Infinity);
      await committed(store);
    }
    await copyFiles(running, `${directory}/crashed`);
    await close();
    const path = `${directory}/crashed/${DATABASE_NAME}`;
    const bytes = await Deno.readFile(`${path}-wal`);
    let before = 0;
    for (let length = 0; length <= bytes.length; length += 5_000) {
      await Deno.writeFile(`${path}-wal`, bytes.subarray(0, length));
      await copyFiles(`${directory}/crashed`, `${directory}/${length}`);
      const log = new LogRecord();
      const opened = open(`${directory}/${length}`, { log });
      deepEqual(log.lines, []);
      const count = [...opened.state.sessions].length;
      ok(count >= before, "A longer log says more");
      before = count;
      await opened.close();
    }
  },
);

async function fill(directory: string): Promise<void> {
  const { store, close } = open(directory);
  for (let i = 0; i < SESSIONS; i++) fillSession(store, `client ${i}`, 1 + 2 * i);
  const retainer = new Retainer(store);
  for (let i = 0; i < RETAINED; i++) {
    const payload = new Uint8Array(500).fill(i);
    retainer.put({ topicName: `retained/${i}`, payload, retain: true });
  }
  await close();
}

/** Checks that all that was saved is as it was, and returns the part that was. */
function checkSaved(state: StoredState): number {
  const { sessions, retained } = stateOf(state);
  for (const { clientId, deliveries } of sessions) {
    match(clientId, /^client \d+$/);
    for (const { delivery } of deliveries) {
      deepEqual(delivery.message, aMessage());
    }
  }
  for (const { topicName, payload } of retained) {
    deepEqual(payload, new Uint8Array(500).fill(Number(topicName.slice("retained/".length))));
  }
  return (sessions.length + retained.length) / (SESSIONS + RETAINED);
}

function fillPage(bytes: Uint8Array, page: number, byte: number): Uint8Array {
  return bytes.fill(byte, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
}

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}
