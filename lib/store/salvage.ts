import {
  DatabaseSync,
  type DatabaseSyncOptions,
  type SQLInputValue,
  type StatementSync,
} from "node:sqlite";
import { isPacket } from "./rows.ts";
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
  const source = openDamaged(damagedPath);
  try {
    target.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(target);
    target.exec("BEGIN IMMEDIATE");
    if (source !== undefined) {
      for (const [table, key] of TABLES) copyTable(source, target, table, key);
    }
    deleteOrphans(target);
    target.exec("COMMIT");
    return Object.fromEntries(TABLES.map(([table]) => [table, countRows(target, table)]));
  } finally {
    source?.close();
    target.close();
  }
}

/** `undefined`: not even the schema can be read. */
function openDamaged(path: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    // Without these two SQLite reads nothing of a file that was cut off.
    const options: DatabaseSyncOptions & { readonly defensive: boolean } = { defensive: false };
    db = new DatabaseSync(path, options);
    db.exec("PRAGMA writable_schema = ON");
    schemaVersion(db);
    return db;
  } catch {
    db?.close();
    return undefined;
  }
}

function copyTable(source: DatabaseSync, target: DatabaseSync, table: string, key: string): void {
  const descending = key.split(", ").map((column) => `${column} DESC`).join(", ");
  for (const order of [key, descending]) {
    if (copyRows(source, target, table, order)) return;
  }
}

/** Whether it came to the end. */
function copyRows(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  order: string,
): boolean {
  let insert: StatementSync | undefined;
  try {
    for (const row of source.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).iterate()) {
      insert ??= insertInto(target, table, Object.keys(row));
      if (!("packet" in row) || isPacket(row["packet"])) {
        insertRow(insert, Object.values(row) as SQLInputValue[]);
      }
    }
    return true;
  } catch {
    return false;
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

function insertRow(insert: StatementSync, values: readonly SQLInputValue[]): void {
  try {
    insert.run(...values);
  } catch {
    // A row of nonsense: a column that must not be empty is, or is of the wrong kind.
  }
}

/** Deletes rows that belong to nothing any more. */
function deleteOrphans(db: DatabaseSync): void {
  db.exec(`
    DELETE FROM deliveries WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages);
    DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM deliveries);
    DELETE FROM subscriptions WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM received WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM wills WHERE session_id NOT IN (SELECT id FROM sessions);`);
}

function countRows(db: DatabaseSync, table: string): number {
  return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"]);
}
