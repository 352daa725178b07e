import { DatabaseSync } from "node:sqlite";
import type { LogPort, StoredState } from "../broker/mod.ts";
import { MqttError } from "../codec/mod.ts";
import { correctTimes } from "./correct_times.ts";
import { JournalError } from "./journal.ts";
import { load, type LoadedRows } from "./load.ts";
import { DirectoryTakenError, lockDirectory, reasonOf } from "./lock.ts";
import { closeToOthers, makePrivateFile } from "./privacy.ts";
import { finishReplacing, renew, replaceDamaged } from "./replace.ts";
import { Reserve } from "./reserve.ts";
import { migrate, NewerSchemaError } from "./schema.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { checkLog, removeOldCopies } from "./set_aside.ts";
import { type StoreClock, SYSTEM_CLOCK } from "./store_clock.ts";
import { DAMAGED, DISK_FULL, LOCKED, says } from "./sqlite_words.ts";
import {
  DAMAGE_MARK,
  DATABASE_NAME,
  removeIfThere,
  SAVING,
  syncDirectory,
  syncFile,
} from "./store_files.ts";

/** The file that brokers up to version 0.2 locked. */
const LOCK_BEFORE = "lock.db";

/** A file of an older program up to this size is made anew, which takes only a moment, bytes. */
const RENEW_BYTES = 16 * 1024 * 1024;
/** Of a larger file only the tables read at the start are checked, because reading all of it takes seconds, bytes. */
const CHECKED_BYTES = 32 * 1024 * 1024;
/** The tables read at the start. */
const LOADED_TABLES = [
  ...[
    "sessions",
    "subscriptions",
    "deliveries",
    "received",
    "queues",
    "wills",
    "journal",
    "shared",
  ],
];
/** The files normally in the directory: database, log, lock and reserve. If there are more, some may be old copies. */
const FILES_IN_USE = 4;

/** The settings of a store. */
export interface OpenStoreInit {
  /** The directory; created if it is missing. */
  readonly directory: string;
  /** `always`: survives a power cut. `interval`: a power cut may lose the last second. */
  readonly durability: "always" | "interval";
  /** Bytes of the database at which it counts as full; 0 for no limit. Default: a tenth of the file system stays free. */
  readonly maxBytes?: number;
  /** Gets reports about damage. */
  readonly log: LogPort;
  /** Milliseconds by which every commit is delayed, to simulate a slow disk in tests. Default 0. */
  readonly commitDelayMs?: number;
  /** Default: the machine's clock. */
  readonly clock?: StoreClock;
}

/** An open store, and its contents. */
export interface OpenedStore {
  /** The store, for the broker. */
  readonly store: SqliteStore;
  /** The stored state, for `Server.restore`. */
  readonly state: StoredState;
  /**
   * The last time that the previous process has seen, in the clock's milliseconds: when it last wrote something, exact to the second, or
   * was closed. `undefined` if there was none, or it did not store the time. If the clock has jumped since, the times in `state` are
   * corrected.
   */
  readonly lastSeenMs: number | undefined;
  /** Writes pending changes and releases the directory. */
  close(): Promise<void>;
}

/**
 * Opens the store in a directory, and locks the directory. A damaged file is set aside, and what is readable of it is saved. Throws if
 * another broker has the directory, if it cannot be written, or if a newer program has written the file.
 */
export function openStore(init: OpenStoreInit): OpenedStore {
  const { directory, durability, log, maxBytes, commitDelayMs = 0, clock = SYSTEM_CLOCK } = init;
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory);
  const path = `${directory}/${DATABASE_NAME}`;
  try {
    const loaded = loadOrSalvage(init, { nowMs: clock.date(), log });
    const { usedBytes, lastSeenMs } = loaded;
    const writer = { path, durability, maxBytes, usedBytes, commitDelayMs };
    const store = new SqliteStore({ ...loaded, state: loaded, writer, log, clock });
    const close = async () => {
      await store.close();
      lock.close();
    };
    return { store, state: loaded, lastSeenMs, close };
  } catch (error) {
    lock.close();
    // A running broker of version 0.2 does not have the present lock, but it has locked the database.
    throw says(error, LOCKED) ? new DirectoryTakenError(directory) : error;
  }
}

/** The contents of a file, and the time it was last written. */
type Loaded = LoadedRows & Pick<OpenedStore, "lastSeenMs">;

/** The present time, and the log for reports about a wrong clock. */
interface Now {
  readonly nowMs: number;
  readonly log: LogPort;
}

function loadOrSalvage({ directory, durability, log }: OpenStoreInit, now: Now): Loaded {
  const path = `${directory}/${DATABASE_NAME}`;
  // Lists the directory once: checking for a single missing file takes a millisecond, because of the error.
  let names = namesIn(directory);
  closeToOthers(directory, names, log);
  if (names.has(LOCK_BEFORE)) Deno.removeSync(`${directory}/${LOCK_BEFORE}`);
  if (finishReplacing(directory, names, log)) names = namesIn(directory);
  const hasDatabase = names.has(DATABASE_NAME);
  if (names.has(`${DATABASE_NAME}-wal`)) checkLog(directory, hasDatabase, durability, log);
  try {
    return hasDatabase
      ? withRoom(directory, () => loadWhole(directory, names.has(DAMAGE_MARK), now))
      : makeDatabase(directory, now);
  } catch (error) {
    if (!isDamage(error)) throw error;
    replaceDamaged(directory, reasonOf(error), log);
    return loadDatabase(path, "whole", now);
  } finally {
    if (names.has(DAMAGE_MARK)) removeIfThere(`${directory}/${DAMAGE_MARK}`);
    if (names.size > FILES_IN_USE) removeOldCopies(directory, namesIn(directory), log);
  }
}

/**
 * Loads, and if the disk is full gives up the reserve and loads once more: to correct the times, or to upgrade the file, takes room. The
 * Worker makes the reserve again when there is room.
 */
function withRoom(directory: string, load: () => Loaded): Loaded {
  try {
    return load();
  } catch (error) {
    if (!says(error, DISK_FULL) || !new Reserve(directory).giveUp()) throw error;
    return load();
  }
}

function namesIn(directory: string): Set<string> {
  return new Set(Array.from(Deno.readDirSync(directory), ({ name }) => name));
}

/**
 * Makes a new database under another name, with one sync when it is complete, and only then renames it. So an empty file with the final
 * name cannot be an unfinished one of ours.
 */
function makeDatabase(directory: string, now: Now): Loaded {
  const path = `${directory}/${SAVING}new`;
  makePrivateFile(path);
  const loaded = loadDatabase(path, "new", now);
  syncFile(path);
  Deno.renameSync(path, `${directory}/${DATABASE_NAME}`);
  syncDirectory(directory);
  return loaded;
}

/** Loads an existing database. An empty file counts as damaged, because SQLite would silently initialize it and discard its log. */
function loadWhole(directory: string, isMarked: boolean, now: Now): Loaded {
  const path = `${directory}/${DATABASE_NAME}`;
  const { size } = Deno.statSync(path);
  if (size === 0) throw new DamageError("The file is empty");
  const loaded = loadDatabase(path, isMarked || size <= CHECKED_BYTES ? "small" : "large", now);
  if (!loaded.canShrink && loaded.usedBytes <= RENEW_BYTES) renew(directory);
  return loaded;
}

/**
 * Opens and reads a database. `whole` was just made, `small` is checked completely, and of `large` only the tables read at the start are
 * checked; the rest is checked when it is read.
 */
function loadDatabase(
  path: string,
  kind: "new" | "whole" | "small" | "large",
  { nowMs, log }: Now,
): Loaded {
  const db = new DatabaseSync(path);
  try {
    // The setting that lets the file shrink must come before the first table.
    if (kind === "new") db.exec("PRAGMA synchronous = OFF; PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
    if (kind === "small") check(db, "1");
    if (kind === "large") { for (const table of tablesToCheck(db)) check(db, table); }
    migrate(db);
    const lastSeenMs = correctTimes(db, nowMs, log);
    return { ...loadRows(db), lastSeenMs };
  } finally {
    db.close();
  }
}

/** Checks a table, or the whole file; `what` is the table's name or the number of faults after which to stop. */
function check(db: DatabaseSync, what: string): void {
  const [verdict] = Object.values(db.prepare(`PRAGMA quick_check(${what})`).get() ?? {});
  if (verdict !== "ok") throw new DamageError(String(verdict));
}

/**
 * The tables read at the start, as far as the file's schema has them. (In old schemas waiting deliveries are in the table of deliveries.)
 */
function tablesToCheck(db: DatabaseSync): string[] {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    .map(({ name }) => name);
  return LOADED_TABLES.filter((table) => names.includes(table));
}

/** Reads the rows. One that cannot be decoded counts as damage. */
function loadRows(db: DatabaseSync): LoadedRows {
  try {
    return load(db);
  } catch (error) {
    const isNonsense = error instanceof MqttError || error instanceof TypeError ||
      error instanceof RangeError || error instanceof JournalError;
    throw isNonsense ? new DamageError(`A row is invalid: ${error.message}`) : error;
  }
}

/** The file can be read, but its contents are invalid. */
class DamageError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof NewerSchemaError) return false;
  return error instanceof DamageError || error instanceof JournalError || says(error, DAMAGED);
}
