import { DatabaseSync, type DatabaseSyncOptions, type StatementSync } from "node:sqlite";
import { DamagedTable, type KeyColumn, type Row } from "./damaged_table.ts";
import { dropDamagedEntries, Journal } from "./journal.ts";
import { type PageKey, pageKeys, pageSize } from "./page_keys.ts";
import { isPacket } from "./rows.ts";
import { separateWaiting } from "./queued.ts";
import { removeIfThere } from "./store_files.ts";
import { migrate, schemaVersion } from "./schema.ts";

/** Tables with their keys, in the order in which they are saved. */
const TABLES: readonly (readonly [table: string, key: readonly KeyColumn[]])[] = [
  ["sessions", [["id", "number"]]],
  ["subscriptions", [["session_id", "number"], ["topic_filter", "text"]]],
  ["messages", [["id", "number"]]],
  ["deliveries", [["sequence", "number"]]],
  ["waiting", [["session_id", "number"], ["sequence", "number"]]],
  ["journal", [["id", "number"]]],
  ["received", [["session_id", "number"], ["packet_id", "number"]]],
  ["retained", [["topic_name", "text"]]],
  ["wills", [["session_id", "number"]]],
  ["clock", [["id", "number"]]],
  ["cluster", [["id", "number"]]],
];

/**
 * Copies what can be read of a damaged file, which it does not change, into a new one, which is on the disk when this returns the
 * rows of each table. What stood on a damaged page is missing, and what belonged to it.
 */
export function salvage(damagedPath: string, newPath: string): Record<string, number> {
  const target = new DatabaseSync(newPath);
  let source: DatabaseSync | undefined;
  try {
    // A file that is half made is made again from the beginning.
    target.exec(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
    );
    migrate(target);
    const path = wholePages(damagedPath, `${newPath}-source`);
    source = openDamaged(path);
    target.exec("BEGIN IMMEDIATE");
    if (source !== undefined) copyAll(source, target, path);
    dropDamagedEntries(target);
    new Journal(target).fold();
    deleteOrphans(target);
    separateWaiting(target);
    target.exec("COMMIT");
    return Object.fromEntries(TABLES.map(([table]) => [table, countRows(target, table)]));
  } finally {
    source?.close();
    target.close();
    for (const suffix of ["", "-wal", "-shm"]) removeIfThere(`${newPath}-source${suffix}`);
  }
}

/**
 * Where a file ends within a page SQLite takes zeros for the rest of it, which are in no row that was ever written. Such a file is read
 * from a copy without that page.
 */
function wholePages(path: string, copyPath: string): string {
  const { size } = Deno.statSync(path);
  const head = new Uint8Array(Math.min(size, 100));
  {
    using file = Deno.openSync(path);
    file.readSync(head);
  }
  const tornBytes = size % pageSize(head, new Uint8Array());
  if (tornBytes === 0) return path;
  Deno.copyFileSync(path, copyPath);
  Deno.truncateSync(copyPath, size - tornBytes);
  const log = readBytes(`${path}-wal`);
  if (log.length > 0) Deno.writeFileSync(`${copyPath}-wal`, log, { mode: 0o600 });
  return copyPath;
}

/** `undefined`: not even the schema can be read. */
function openDamaged(path: string): DatabaseSync | undefined {
  // SQLite would throw its log away.
  if (Deno.statSync(path).size === 0) return undefined;
  let db: DatabaseSync | undefined;
  try {
    // Without the last of these and the schema that can be written SQLite reads nothing of a file that was cut off.
    const options: DatabaseSyncOptions & { readonly defensive: boolean } = {
      readOnly: true,
      defensive: false,
    };
    db = new DatabaseSync(path, options);
    db.exec("PRAGMA writable_schema = ON");
    schemaVersion(db);
    return db;
  } catch {
    db?.close();
    return undefined;
  }
}

function copyAll(source: DatabaseSync, target: DatabaseSync, path: string): void {
  let keys: PageKey[] | undefined;
  const places = () => keys ??= [...pageKeys(readBytes(path), readBytes(`${path}-wal`))];
  for (const [table, key] of TABLES) {
    let insert: StatementSync | undefined;
    new DamagedTable(source, table, key, places).read((row) => {
      insert ??= insertInto(target, table, Object.keys(row));
      if (!("packet" in row) || isPacket(row["packet"])) insertRow(insert, row);
    });
  }
  copySessionNames(source, target);
}

/**
 * A session whose row is damaged may stand in the index of the names: so its messages are not lost. When it would have ended
 * nobody knows any more.
 */
function copySessionNames(source: DatabaseSync, target: DatabaseSync): void {
  const insert = insertInto(target, "sessions", ["id", "client_id"]);
  const index: readonly KeyColumn[] = [["client_id", "text"]];
  new DamagedTable(source, "sessions", index, () => [], "id, client_id")
    .read((row) => insertRow(insert, row));
}

function readBytes(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
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

function insertRow(insert: StatementSync, row: Row): void {
  try {
    insert.run(...Object.values(row));
  } catch {
    // A row of nonsense: a column that must not be empty is, or is of the wrong kind.
  }
}

/** Deletes rows that belong to nothing any more. */
function deleteOrphans(db: DatabaseSync): void {
  db.exec(`
    DELETE FROM deliveries WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages);
    DELETE FROM waiting WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages) OR sequence IN (SELECT sequence FROM deliveries);
    DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM deliveries)
      AND id NOT IN (SELECT message_id FROM waiting);
    DELETE FROM subscriptions WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM received WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM wills WHERE session_id NOT IN (SELECT id FROM sessions);`);
}

function countRows(db: DatabaseSync, table: string): number {
  return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"]);
}
