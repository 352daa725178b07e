import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { migrate, schemaVersion } from "./schema.ts";

/** Tables with the columns they are ordered by, in the order in which they are saved. */
const TABLES: readonly (readonly [table: string, key: string])[] = [
  ["sessions", "id"],
  ["subscriptions", "session_id, topic_filter"],
  ["messages", "id"],
  ["deliveries", "sequence"],
  ["received", "session_id, packet_id"],
  ["retained", "topic_name"],
  ["wills", "session_id"],
];

/**
 * Copies what can be read of a damaged file into a new one and returns the rows of each table. A table is read from its beginning
 * up to the damage, then from its end back to it.
 */
export function salvage(damagedPath: string, newPath: string): Record<string, number> {
  const target = new DatabaseSync(newPath);
  target.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  migrate(target);
  const saved: Record<string, number> = {};
  const source = openDamaged(damagedPath);
  try {
    target.exec("BEGIN IMMEDIATE");
    for (const [table, key] of TABLES) {
      saved[table] = source === undefined ? 0 : copyTable(source, target, table, key);
    }
    target.exec("COMMIT");
  } finally {
    source?.close();
    target.close();
  }
  return saved;
}

/** `undefined`: not even the schema can be read. */
function openDamaged(path: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    schemaVersion(db);
    return db;
  } catch {
    db?.close();
    return undefined;
  }
}

function copyTable(source: DatabaseSync, target: DatabaseSync, table: string, key: string): number {
  const descending = key.split(", ").map((column) => `${column} DESC`).join(", ");
  let count = 0;
  for (const order of [key, descending]) {
    const copied = copyRows(source, target, table, order);
    count += copied.count;
    if (copied.isComplete) break;
  }
  return count;
}

function copyRows(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  order: string,
): { count: number; isComplete: boolean } {
  let count = 0;
  let insert: StatementSync | undefined;
  try {
    for (const row of source.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).iterate()) {
      insert ??= insertInto(target, table, Object.keys(row));
      count += run(insert, Object.values(row) as SQLInputValue[]);
    }
    return { count, isComplete: true };
  } catch {
    return { count, isComplete: false };
  }
}

function insertInto(
  target: DatabaseSync,
  table: string,
  columns: readonly string[],
): StatementSync {
  const places = columns.map(() => "?").join(", ");
  return target.prepare(
    `INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${places})`,
  );
}

/** 1 where the row is good and new. */
function run(insert: StatementSync, values: readonly SQLInputValue[]): number {
  try {
    return Number(insert.run(...values).changes);
  } catch {
    return 0; // A row of nonsense: a column that must not be empty is, or is of the wrong kind.
  }
}
