import { deepEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Deletions } from "../../lib/store/deletions.ts";
import { migrate } from "../../lib/store/schema.ts";

const SESSIONS = 3;
const ROWS = 40;

/** A database in which each of the sessions has waiting deliveries with the same sequences, and each delivery has a message. */
function filled(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  for (let session = 1; session <= SESSIONS; session++) {
    for (let sequence = 1; sequence <= ROWS; sequence++) {
      const id = session * 1000 + sequence;
      db.prepare("INSERT INTO waiting VALUES (?, ?, ?, 1, NULL, NULL, NULL)")
        .run(session, sequence, id);
      db.prepare("INSERT INTO messages VALUES (?, x'00', '', NULL)").run(id);
    }
  }
  return db;
}

function left(db: DatabaseSync): { waiting: number[]; messages: number[] } {
  const waiting = db.prepare("SELECT session_id * 1000 + sequence AS id FROM waiting ORDER BY id");
  const messages = db.prepare("SELECT id FROM messages ORDER BY id");
  return {
    waiting: waiting.all().map(({ id }) => Number(id)),
    messages: messages.all().map(({ id }) => Number(id)),
  };
}

for (const count of [0, 1, 3, 4, 5, 30]) {
  Deno.test(`Deletions: of each session ${count} rows go, and nothing else does`, () => {
    using db = filled();
    const deletions = new Deletions(db);
    // Every session loses other rows, in descending order, and the sessions take turns. Every list has a row that is not there.
    const keys: [number, number][] = [];
    for (let i = count; i >= 1; i--) {
      for (let session = 1; session <= SESSIONS; session++) keys.push([session, i + session]);
    }
    const ids = keys.map(([session, sequence]) => session * 1000 + sequence);
    deletions.waiting([...keys, [1, 9999], [77, 1]]);
    deletions.messages([...ids, 123_456]);
    const expected = [];
    for (let session = 1; session <= SESSIONS; session++) {
      for (let sequence = 1; sequence <= ROWS; sequence++) {
        const isGone = sequence > session && sequence <= session + count;
        if (!isGone) expected.push(session * 1000 + sequence);
      }
    }
    deepEqual(left(db), { waiting: expected, messages: expected });
  });
}

Deno.test("Deletions: numbers up to the greatest that JavaScript counts to are told apart", () => {
  using db = filled();
  const greatest = Number.MAX_SAFE_INTEGER;
  const insert = db.prepare("INSERT INTO messages VALUES (?, x'00', '', NULL)");
  for (let i = 0; i < 6; i++) insert.run(greatest - i);
  db.prepare("DELETE FROM messages WHERE id < 10000").run();
  new Deletions(db).messages([greatest, greatest - 2, greatest - 3, greatest - 5]);
  deepEqual(left(db).messages, [greatest - 4, greatest - 1]);
});
