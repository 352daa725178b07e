import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { StoredDelivery, StoredState } from "../../lib/broker/mod.ts";
import { Journal, JournalError } from "../../lib/store/journal.ts";
import { DATABASE_NAME, openStore, snapshot, StoredFile } from "../../lib/store/mod.ts";
import { flawOf, sealFlight } from "../../lib/store/packed_flight.ts";
import { Packer, Unpacker } from "../../lib/store/packed_numbers.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import {
  ALL_PROPERTIES,
  aMessage,
  delivery,
  messageForComparison,
  stateOf,
  written,
} from "./contract_support.ts";
import { ManualClock } from "./manual_clock.ts";
import { copyFiles, LogRecord, open, storeTest } from "./sqlite_support.ts";

/** One number that a statement gives, of a file that nobody has open. */
function ask(directory: string, sql: string): number {
  const db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
  try {
    return Number(Object.values(db.prepare(sql).get()!)[0]);
  } finally {
    db.close();
  }
}

const ENTRIES = "SELECT count(*) FROM journal";
const DELIVERIES = "SELECT count(*) FROM deliveries";
const MESSAGES = "SELECT count(*) FROM messages";

/** Everything that a delivery can carry, and the least. */
const inFlight = (): StoredDelivery[] => [
  {
    delivery: {
      ...delivery(2 ** 40, 2, aMessage({ properties: ALL_PROPERTIES, expiresAtMs: 1e12 + 0.5 })),
      retain: true,
      subscriptionIdentifiers: [1, 268_435_455],
      share: "$share/g/ä",
    },
    packetId: 65_535,
    state: "published",
  },
  { delivery: delivery(7, 1, aMessage({ publisherId: "" })), packetId: 1, state: "published" },
  {
    delivery: delivery(8, 1, aMessage({ payload: new Uint8Array(100_000).fill(8) })),
    packetId: 2,
    state: "published",
  },
];

/** Puts these in flight for a session, and commits. */
async function send(
  store: ReturnType<typeof open>["store"],
  sent: readonly StoredDelivery[],
  clientId = "a",
): Promise<void> {
  store.putSession(clientId, 60, Infinity);
  for (const { delivery, packetId, state } of sent) {
    store.putDelivery(clientId, delivery);
    store.putInFlight(clientId, delivery.sequence, packetId, state);
  }
  await written(store);
}

/** What is in flight, by packet identifier. */
function inFlightOf(state: StoredState): StoredDelivery[] {
  return stateOf(state).sessions.flatMap(({ deliveries }) => deliveries)
    .filter(({ packetId }) => packetId > 0).sort((a, b) => a.packetId - b.packetId);
}

/** Of a message its own fields; others know more of it than a file does. */
const bare = (sent: readonly StoredDelivery[]) =>
  sent.map((one) => {
    const message = { ...messageForComparison(one.delivery.message), storeId: 0 };
    return { ...one, delivery: { ...one.delivery, message } };
  }).sort((a, b) => a.packetId - b.packetId);

storeTest("what is in flight has no row, and is there after a crash", async (directory) => {
  const sent = inFlight();
  const { store, close } = open(`${directory}/0`);
  await send(store, sent);
  await copyFiles(`${directory}/0`, `${directory}/1`);
  await copyFiles(`${directory}/0`, `${directory}/2`);
  equal(ask(`${directory}/2`, DELIVERIES), 0);
  // The large one has.
  equal(ask(`${directory}/2`, MESSAGES), 1);
  const next = open(`${directory}/1`);
  deepEqual(inFlightOf(next.state), bare(sent));
  next.store.begin();
  await next.close();
  await close();
  // Whoever has the time gives it rows.
  equal(ask(`${directory}/1`, ENTRIES), 0);
  equal(ask(`${directory}/1`, DELIVERIES), 3);
  const last = open(`${directory}/1`);
  deepEqual(inFlightOf(last.state), bare(sent));
  await last.close();
});

storeTest("what is acknowledged leaves neither an entry nor a row", async (directory) => {
  const sent = inFlight();
  const { store, close } = open(`${directory}/0`);
  await send(store, sent);
  for (const { delivery } of sent) store.deleteDelivery("a", delivery);
  await written(store);
  await copyFiles(`${directory}/0`, `${directory}/1`);
  await close();
  for (const sql of [ENTRIES, DELIVERIES, MESSAGES]) equal(ask(`${directory}/1`, sql), 0);
});

storeTest(
  "of a journal that a crash left each part can be changed, and does not come back",
  async (directory) => {
    const sent = inFlight();
    const first = open(`${directory}/0`);
    await send(first.store, sent);
    await copyFiles(`${directory}/0`, `${directory}/1`);
    await first.close();
    const second = open(`${directory}/1`);
    const [{ delivery: one }, { delivery: two }] = sent as [StoredDelivery, StoredDelivery];
    second.store.putInFlight("a", one.sequence, 65_535, "released");
    second.store.deleteDelivery("a", two);
    await written(second.store);
    await copyFiles(`${directory}/1`, `${directory}/2`);
    await second.close();
    const third = open(`${directory}/2`);
    deepEqual(
      inFlightOf(third.state).map(({ packetId, state }) => [packetId, state]),
      [[2, "published"], [65_535, "released"]],
    );
    await third.close();
  },
);

storeTest(
  "a message of a journal that goes to another session is there when the first has acknowledged",
  async (directory) => {
    const first = open(`${directory}/0`);
    first.store.putSession("b", 60, Infinity);
    await send(first.store, inFlight().slice(1, 2));
    await copyFiles(`${directory}/0`, `${directory}/1`);
    await first.close();
    const second = open(`${directory}/1`);
    const [session] = [...second.state.sessions].filter(({ clientId }) => clientId === "a");
    const { delivery: sent } = session!.deliveries[0]!;
    second.store.putDelivery("b", { ...sent, sequence: 100 });
    second.store.deleteDelivery("a", sent);
    await written(second.store);
    await copyFiles(`${directory}/1`, `${directory}/2`);
    await second.close();
    const third = open(`${directory}/2`);
    const [a, b] = stateOf(third.state).sessions;
    deepEqual(a!.deliveries, []);
    deepEqual(b!.deliveries[0]!.delivery.message, { ...sent.message, storeId: 0 });
    await third.close();
  },
);

storeTest(
  "behind one that nobody acknowledges the journal stays short, and nothing is lost",
  async (directory) => {
    const { store, close } = open(`${directory}/0`);
    const stuck = inFlight().slice(0, 1);
    await send(store, stuck);
    const payload = new Uint8Array(8000);
    for (let round = 0, sequence = 1; round < 40; round++) {
      const sent = Array.from({ length: 20 }, () => delivery(sequence++, 1, aMessage({ payload })));
      for (const one of sent) {
        store.putDelivery("a", one);
        store.putInFlight("a", one.sequence, 1 + one.sequence, "published");
      }
      await written(store);
      for (const one of sent) store.deleteDelivery("a", one);
    }
    await written(store);
    await copyFiles(`${directory}/0`, `${directory}/1`);
    await close();
    ok(ask(`${directory}/1`, "SELECT coalesce(sum(length(batch)), 0) FROM journal") < 3e6);
    const next = open(`${directory}/1`);
    deepEqual(inFlightOf(next.state), bare(stuck));
    await next.close();
  },
);

storeTest("of several entries none goes while something of it is in flight", async (directory) => {
  const { store, close } = open(`${directory}/0`);
  store.putSession("a", 60, Infinity);
  for (let sequence = 1; sequence <= 6; sequence++) {
    store.putDelivery("a", delivery(sequence, 2));
    store.putInFlight("a", sequence, sequence, "published");
    // An entry in the middle, and later the first.
    if (sequence === 4) store.deleteDelivery("a", delivery(2));
    if (sequence === 6) store.deleteDelivery("a", delivery(1));
    await written(store);
  }
  await copyFiles(`${directory}/0`, `${directory}/1`);
  await close();
  const next = open(`${directory}/1`);
  deepEqual(inFlightOf(next.state).map(({ packetId }) => packetId), [3, 4, 5, 6]);
  await next.close();
});

storeTest("what stays in flight gets rows when nothing else is to do", async (directory) => {
  const sent = inFlight();
  const { store, close } = open(`${directory}/0`);
  await send(store, sent);
  for (let i = 1;; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await copyFiles(`${directory}/0`, `${directory}/${i}`);
    if (ask(`${directory}/${i}`, DELIVERIES) === 3) break;
  }
  await close();
});

storeTest("an entry that is damaged is said, and costs no other", async (directory) => {
  const sent = inFlight();
  const { store, close } = open(`${directory}/0`);
  await send(store, sent.slice(0, 1));
  await send(store, sent.slice(1, 2), "b");
  await copyFiles(`${directory}/0`, `${directory}/1`);
  await close();
  const db = new DatabaseSync(`${directory}/1/${DATABASE_NAME}`);
  const { batch } = db.prepare("SELECT batch FROM journal WHERE id = 1").get()!;
  const bytes = batch as Uint8Array;
  bytes[40]! ^= 1;
  db.prepare("UPDATE journal SET batch = ? WHERE id = 1").run(bytes);
  db.close();
  {
    using file = new StoredFile(`${directory}/1/${DATABASE_NAME}`);
    deepEqual(file.problems(), ["Cannot read entry 1 of the journal: its checksum is wrong"]);
  }
  const log = new LogRecord();
  const next = open(`${directory}/1`, { log });
  log.find(/The store is damaged/);
  deepEqual(inFlightOf(next.state), bare(sent.slice(1, 2)));
  await next.close();
});

storeTest("a clock that jumps moves what is in the journal too", async (directory) => {
  const startMs = Date.UTC(1972, 0, 1);
  const nowMs = Date.UTC(2026, 0, 1);
  const message = aMessage({ expiresAtMs: startMs + 3_600_000 });
  const { store, close } = open(`${directory}/0`, { clock: new ManualClock(startMs) });
  await send(store, [{ delivery: delivery(1, 2, message), packetId: 1, state: "published" }]);
  await copyFiles(`${directory}/0`, `${directory}/1`);
  await close();
  const next = open(`${directory}/1`, { clock: new ManualClock(nowMs) });
  equal(inFlightOf(next.state)[0]!.delivery.message.expiresAtMs, nowMs + 3_600_000);
  await next.close();
});

storeTest("copies show what is in flight as rows, of a store in use too", async (directory) => {
  const sent = inFlight();
  const { store, close } = open(`${directory}/0`);
  await send(store, sent);
  snapshot(`${directory}/0/${DATABASE_NAME}`, `${directory}/copy.db`);
  const { readable } = await store.backUp();
  await Deno.writeFile(`${directory}/backup.db`, readable);
  await close();
  for (const name of ["copy.db", "backup.db"]) {
    using file = new StoredFile(`${directory}/${name}`);
    deepEqual(file.problems(), []);
    deepEqual([file.counts().deliveries, file.counts().messages], [3, 3]);
  }
});

storeTest("a file of schema 6 becomes one of today, with what is in flight", async (directory) => {
  const db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
  db.exec(`${MIGRATIONS.slice(0, 6).join("\n")}; PRAGMA user_version = 6;
    INSERT INTO sessions VALUES (4, 'a', 60, NULL, 'o');
    INSERT INTO messages VALUES (7, x'320700016100010078', 'p', NULL);
    INSERT INTO deliveries VALUES (9, 4, 7, 1, 3, 0, NULL, NULL);`);
  db.close();
  const first = open(directory);
  const [{ delivery: one, packetId }] = inFlightOf(first.state) as [StoredDelivery];
  deepEqual([one.sequence, packetId], [9, 3]);
  first.store.deleteDelivery("a", one);
  await written(first.store);
  await first.close();
  for (const sql of [ENTRIES, DELIVERIES, MESSAGES]) equal(ask(directory, sql), 0);
});

storeTest("a full file is refused only for what is new", async (directory) => {
  const sent = inFlight();
  const log = new LogRecord();
  const { store, close } = openStore({ directory, durability: "always", maxBytes: 1, log });
  await send(store, sent);
  equal(store.isFull, true);
  for (const { delivery } of sent) store.deleteDelivery("a", delivery);
  await written(store);
  await close();
  for (const sql of [ENTRIES, DELIVERIES, MESSAGES]) equal(ask(directory, sql), 0);
});

Deno.test("a transaction that fails leaves the journal as the file has it", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  const packed = packedPut();
  const journal = new Journal(db);
  db.exec("BEGIN");
  journal.write(packed);
  equal(journal.hasMessage(5), true);
  journal.mistrust();
  db.exec("ROLLBACK");
  equal(journal.hasMessage(5), false);
  // Tried again, and again, though the first time it was written.
  for (let i = 0; i < 2; i++) {
    journal.mistrust();
    db.exec("BEGIN");
    journal.write(packed.slice());
    db.exec("COMMIT");
  }
  deepEqual([...new Journal(db).rows()].length, 1);
  journal.fold();
  journal.empty();
  equal(new Journal(db).isEmpty, true);
  equal(db.prepare("SELECT count(*) AS n FROM deliveries").get()!["n"], 1);
  db.close();
});

Deno.test("each bit of an entry counts", () => {
  const packed = packedPut();
  sealFlight(packed);
  equal(flawOf(packed), undefined);
  for (let bit = 0; bit < 8 * packed.length; bit++) {
    const damaged = packed.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    ok(flawOf(damaged) !== undefined, `Bit ${bit}`);
  }
  ok(flawOf(packed.subarray(0, 4)) !== undefined);
  ok(flawOf(packed.subarray(0, -1)) !== undefined);
  const db = new DatabaseSync(":memory:");
  db.exec(MIGRATIONS.join("\n"));
  db.prepare("INSERT INTO journal VALUES (1, 'text')").run();
  throws(() => new Journal(db), JournalError);
  db.close();
});

Deno.test("numbers of any size, texts and floats are read as they were packed", () => {
  const numbers = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1];
  const packer = new Packer(1);
  for (const number of numbers) packer.number(number);
  for (const text of ["", "ä", "x".repeat(70_000)]) packer.text(text);
  packer.float(0.5);
  const unpacker = new Unpacker(packer.take(), 0);
  deepEqual(numbers.map(() => unpacker.number()), numbers);
  deepEqual([unpacker.text(), unpacker.text(), unpacker.text().length], ["", "ä", 70_000]);
  equal(unpacker.float(), 0.5);
  equal(unpacker.at, unpacker.bytes.length);
});

/** A delivery with its message, whose number is 5, as the journal has it. */
function packedPut(): Uint8Array<ArrayBuffer> {
  const packer = new Packer(64);
  packer.byte(1);
  packer.at = 5;
  for (const number of [0, 0, 1]) packer.number(number);
  const start = packer.lengthAhead();
  packer.number(9);
  packer.number(5);
  packer.byte(1 | 16);
  for (const number of [4, 3, 0]) packer.number(number);
  packer.text("p");
  for (const byte of [0x32, 7, 0, 1, 0x61, 0, 1, 0, 0x78]) packer.byte(byte);
  packer.endLength(start);
  return packer.take();
}
