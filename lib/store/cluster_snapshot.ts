import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { StoredState } from "../broker/mod.ts";
import { Journal } from "./journal.ts";
import { loadAll } from "./load.ts";
import { lockDirectory } from "./lock.ts";
import { migrate } from "./schema.ts";
import { greatest, SESSION_TABLES, SHARED, strip } from "./snapshot_strip.ts";
import { countRows, DELETE_UNUSED_MESSAGES } from "./statements.ts";
import { DATABASE_NAME } from "./store_files.ts";

/** What a column counts, if it is a number of this file alone. */
type Numbering = "session" | "message" | "sequence" | "release";

/** The tables that are taken over, with their columns. */
const TABLES: readonly (readonly [
  table: string,
  columns: readonly (string | readonly [column: string, numbering: Numbering])[],
])[] = [
  ["sessions", [["id", "session"], "client_id", "expiry_seconds", "expires_at_ms", "owner"]],
  ["subscriptions", [["session_id", "session"], "topic_filter", "flags", "identifier"]],
  ["received", [["session_id", "session"], "packet_id"]],
  ["wills", [["session_id", "session"], "packet", "due_at_ms", "delay_seconds", "is_orphan"]],
  ["messages", [["id", "message"], "packet", "publisher", "expires_at_ms"]],
  ["deliveries", [
    ["sequence", "sequence"],
    ["session_id", "session"],
    ["message_id", "message"],
    "flags",
    "packet_id",
    ["release_order", "release"],
    "identifiers",
    "share",
  ]],
  ["waiting", [
    ["session_id", "session"],
    ["sequence", "sequence"],
    ["message_id", "message"],
    "flags",
    "identifiers",
    "share",
    "expires_at_ms",
  ]],
  ["queues", [
    ["session_id", "session"],
    "messages",
    "bytes",
    "qos0_messages",
    ["last_sequence", "sequence"],
  ]],
  ["retained", [
    "topic_name",
    "packet",
    "publisher",
    "expires_at_ms",
    "publisher_user",
    "publisher_listener",
  ]],
  ["shared", ["share", "log_id", "node", "at", "packet", "publisher", "expires_at_ms"]],
  ["cluster", ["id", "position"]],
];

/** What a snapshot of a cluster has brought. */
export interface SnapshotContent {
  /** Sessions that belong to nodes of the cluster. */
  readonly sessions: number;
  /** Messages that wait in them or are in flight, each once. */
  readonly messages: number;
  /** Retained messages. */
  readonly retained: number;
}

/**
 * Puts what all nodes of a cluster know into the store of a directory, in the place of what it knew of that before. `path` is a backup of
 * another node's store, and is changed. What belongs to one node alone (sessions without a node, and what waits in a session for a shared
 * subscription) stays in this store, and is not taken from the other one.
 *
 * All of it is one transaction, with the position in the log: whoever is interrupted begins again with the store that he had. Throws if a
 * broker has the directory, if a newer program has written the backup, and where the store cannot be written.
 */
export function takeSnapshot(path: string, directory: string): SnapshotContent {
  using _lock = lockDirectory(directory);
  const source = openStripped(path);
  try {
    const target = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
    try {
      target.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
      target.exec("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE");
      new Journal(target).fold();
      forgetShared(source, target);
      copyAll(source, target);
      target.exec("COMMIT");
      target.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      target.close();
    }
    return contentOf(source);
  } finally {
    source.close();
  }
}

/** Reads such a backup for a node without a store, with all that waits in its sessions. `path` is changed. */
export function readSnapshot(path: string): StoredState {
  const source = openStripped(path);
  try {
    return loadAll(source);
  } finally {
    source.close();
  }
}

/** Opens a backup, and deletes from it what belongs to its node alone. */
function openStripped(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA temp_store = MEMORY; PRAGMA synchronous = OFF");
    migrate(db);
    db.exec("BEGIN IMMEDIATE");
    new Journal(db).fold();
    strip(db);
    db.exec("COMMIT");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Deletes what this node knew of what all know. */
function forgetShared(source: DatabaseSync, target: DatabaseSync): void {
  target.exec(
    `CREATE TEMP TABLE forgotten AS SELECT id FROM sessions WHERE owner IS NOT NULL AND ${SHARED}`,
  );
  // A session of this node alone, whose client has come to the cluster meanwhile.
  const add = target.prepare("INSERT INTO forgotten SELECT id FROM sessions WHERE client_id = ?");
  for (const row of source.prepare("SELECT client_id FROM sessions").iterate()) {
    add.run(row["client_id"]!);
  }
  for (const table of SESSION_TABLES) {
    target.exec(`DELETE FROM ${table} WHERE session_id IN (SELECT id FROM forgotten)`);
  }
  target.exec(`DELETE FROM sessions WHERE id IN (SELECT id FROM forgotten);
    ${DELETE_UNUSED_MESSAGES};
    DELETE FROM retained;
    DELETE FROM shared;
    DROP TABLE forgotten`);
}

/** Numbers of the two files do not mean the same: those of the snapshot count on from the greatest ones that there are. */
function copyAll(source: DatabaseSync, target: DatabaseSync): void {
  const numbers: Record<Numbering, number> = {
    session: greatest(target, "max(id)", "sessions", "max(session_id)", "ended"),
    message: greatest(target, "max(id)", "messages"),
    release: greatest(target, "max(release_order)", "deliveries"),
    sequence: Math.max(
      greatest(target, "max(sequence)", "deliveries", "max(sequence)", "waiting"),
      greatest(target, "max(last_sequence)", "queues"),
    ),
  };
  target.exec("DELETE FROM cluster");
  for (const [table, columns] of TABLES) {
    const names = columns.map((column) => typeof column === "string" ? column : column[0]);
    const values = columns.map((column) => {
      if (typeof column === "string") return column;
      const [name, numbering] = column;
      // 0: it is not released.
      return `iif(${name} > 0, ${name} + ${numbers[numbering]}, 0)`;
    });
    const places = names.map(() => "?").join(", ");
    const insert = target.prepare(`INSERT INTO ${table} (${names}) VALUES (${places})`);
    // One row at a time, since there may be a million.
    const rows = source.prepare(
      `SELECT ${values.map((value, i) => `${value} AS c${i}`)} FROM ${table}`,
    );
    for (const row of rows.iterate()) insert.run(...Object.values(row) as SQLInputValue[]);
  }
}

function contentOf(db: DatabaseSync): SnapshotContent {
  return {
    sessions: countRows(db, "sessions"),
    messages: countRows(db, "messages"),
    retained: countRows(db, "retained"),
  };
}
