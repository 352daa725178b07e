import { DatabaseSync, type DatabaseSyncOptions, type StatementSync } from "node:sqlite";
import { DamagedTable, type KeyColumn, type Row } from "./damaged_table.ts";
import { dropDamagedEntries, Journal } from "./journal.ts";
import { type PageKey, pageKeys, pageSize } from "./page_keys.ts";
import { isPacket } from "./rows.ts";
import { separateWaiting } from "./queued.ts";
import { countRows, DELETE_UNUSED_MESSAGES } from "./statements.ts";
import { removeIfThere } from "./store_files.ts";
import { migrate, schemaVersion } from "./schema.ts";

/** Tables and their keys, in the order in which they are saved. */
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
  ["shared", [["share", "text"], ["log_id", "number"]]],
  ["clock", [["id", "number"]]],
  ["cluster", [["id", "number"]]],
];

/**
 * Copies the readable rows of a damaged file into a new one, which is synced when this returns; returns the number of rows by table. The
 * damaged file is not changed. Rows on damaged pages are missing, as are rows that belong to them.
 */
export function salvage(damagedPath: string, newPath: string): Record<string, number> {
  const target = new DatabaseSync(newPath);
  let source: DatabaseSync | undefined;
  try {
    // Needs no journal: if this is interrupted, the file is made again from the beginning.
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
 * Returns the path of a file that ends with a whole page. If a file ends within a page, SQLite reads zeros for the rest of the page, which
 * were never part of a row. So such a file is read from a copy without that page.
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

/** Opens a damaged file; `undefined` if not even its schema can be read. */
function openDamaged(path: string): DatabaseSync | undefined {
  // SQLite would discard the log of an empty file.
  if (Deno.statSync(path).size === 0) return undefined;
  let db: DatabaseSync | undefined;
  try {
    // SQLite only reads a truncated file with `defensive` off and `writable_schema` on.
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
 * Copies sessions from the index of names. If only a session's row is damaged, its messages are kept this way. Its expiry is not known any
 * more.
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
    // An invalid row: a required column is empty, or has the wrong type.
  }
}

/** Deletes rows whose session or message is missing. */
function deleteOrphans(db: DatabaseSync): void {
  db.exec(`
    DELETE FROM deliveries WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages);
    DELETE FROM waiting WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages) OR sequence IN (SELECT sequence FROM deliveries);
    ${DELETE_UNUSED_MESSAGES};
    DELETE FROM subscriptions WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM received WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM wills WHERE session_id NOT IN (SELECT id FROM sessions);`);
}
