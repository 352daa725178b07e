import { DatabaseSync } from "node:sqlite";
import type { LogPort, StoredState } from "../broker/mod.ts";
import { MqttError } from "../codec/mod.ts";
import { correctTimes } from "./correct_times.ts";
import { JournalError } from "./journal.ts";
import { load, type LoadedRows } from "./load.ts";
import { DirectoryTakenError, lockDirectory, reasonOf } from "./lock.ts";
import { closeToOthers, makePrivateFile } from "./privacy.ts";
import { finishReplacing, renew, replaceDamaged } from "./replace.ts";
import { migrate, NewerSchemaError } from "./schema.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { checkLog, removeOldCopies } from "./set_aside.ts";
import { type StoreClock, SYSTEM_CLOCK } from "./store_clock.ts";
import { DAMAGED, LOCKED, says } from "./sqlite_words.ts";
import {
  DAMAGE_MARK,
  DATABASE_NAME,
  removeIfThere,
  SAVING,
  syncDirectory,
  syncFile,
} from "./store_files.ts";

/** What brokers up to version 0.2 locked. */
const LOCK_BEFORE = "lock.db";

/** A file of an older program that holds no more than this is made anew, bytes: that takes a moment. */
const RENEW_BYTES = 16 * 1024 * 1024;
/** A larger file is looked through only as far as it is read at the start, bytes: to read all of it takes seconds. */
const CHECKED_BYTES = 32 * 1024 * 1024;
/** The tables that are read at the start. */
const LOADED_TABLES = [
  ...["sessions", "subscriptions", "deliveries", "received", "queues", "wills", "journal"],
];
/** Where there are more than these, the database, its log, the lock and the reserve, some may be old copies. */
const FILES_IN_USE = 4;

/** Where the store is, and what it promises. */
export interface OpenStoreInit {
  /** Made where it is missing. */
  readonly directory: string;
  /** `always`: survives a power cut. `interval`: a power cut may lose the last second. */
  readonly durability: "always" | "interval";
  /** Bytes of the database at which it is full; 0: no limit; absent: a tenth of the file system stays free. */
  readonly maxBytes?: number;
  /** What is damaged is said here. */
  readonly log: LogPort;
  /** Milliseconds that every commit takes longer: for tests, a slow disk. Default 0. */
  readonly commitDelayMs?: number;
  /** The machine's where it is absent. */
  readonly clock?: StoreClock;
}

/** A store that is open, and what it remembers. */
export interface OpenedStore {
  /** For the broker. */
  readonly store: SqliteStore;
  /** For `Server.restore`. */
  readonly state: StoredState;
  /**
   * The last time that the process before has seen, in the clock's milliseconds: when it wrote something, right to the second, or was
   * closed. `undefined`: there was none, or one that did not keep it. Where the clock has jumped since, the times in `state` are
   * corrected.
   */
  readonly lastSeenMs: number | undefined;
  /** Writes what has gathered and lets go of the directory. */
  close(): Promise<void>;
}

/**
 * Opens the store in a directory, which it has for itself. A damaged file is set aside and what can be read of it is saved.
 * Throws where another broker has the directory, where it cannot be written, or where a newer program has written it.
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
    // One of version 0.2 has locked nothing else that still counts.
    throw says(error, LOCKED) ? new DirectoryTakenError(directory) : error;
  }
}

/** What a file holds, and when it was written last. */
type Loaded = LoadedRows & Pick<OpenedStore, "lastSeenMs">;

/** The time, and where it is said that it cannot be right. */
interface Now {
  readonly nowMs: number;
  readonly log: LogPort;
}

function loadOrSalvage({ directory, durability, log }: OpenStoreInit, now: Now): Loaded {
  const path = `${directory}/${DATABASE_NAME}`;
  // The directory is read: to ask for a file that is not there takes a millisecond, as its error does.
  let names = namesIn(directory);
  closeToOthers(directory, names, log);
  if (names.has(LOCK_BEFORE)) Deno.removeSync(`${directory}/${LOCK_BEFORE}`);
  if (finishReplacing(directory, names, log)) names = namesIn(directory);
  const hasDatabase = names.has(DATABASE_NAME);
  if (names.has(`${DATABASE_NAME}-wal`)) checkLog(directory, hasDatabase, durability, log);
  try {
    return hasDatabase
      ? loadWhole(directory, names.has(DAMAGE_MARK), now)
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

function namesIn(directory: string): Set<string> {
  return new Set(Array.from(Deno.readDirSync(directory), ({ name }) => name));
}

/**
 * A new file has nothing to lose while it is made: it is brought to the disk once, when it is whole, and only then has its name,
 * so that an empty file of that name is none of ours.
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

/** A file without anything in it SQLite would fill without a word, and throw its log away. */
function loadWhole(directory: string, isMarked: boolean, now: Now): Loaded {
  const path = `${directory}/${DATABASE_NAME}`;
  const { size } = Deno.statSync(path);
  if (size === 0) throw new DamageError("The file is empty");
  const loaded = loadDatabase(path, isMarked || size <= CHECKED_BYTES ? "small" : "large", now);
  if (!loaded.canShrink && loaded.usedBytes <= RENEW_BYTES) renew(directory);
  return loaded;
}

/** `whole`: it was just made. `small`: all of it is looked through. `large`: what is read at the start is; the rest when it is read. */
function loadDatabase(
  path: string,
  kind: "new" | "whole" | "small" | "large",
  { nowMs, log }: Now,
): Loaded {
  const db = new DatabaseSync(path);
  try {
    // That a file can give back what it does not use any more is settled before there is a table in it.
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

/** `what`: a table, or the faults after which to stop. */
function check(db: DatabaseSync, what: string): void {
  const [verdict] = Object.values(db.prepare(`PRAGMA quick_check(${what})`).get() ?? {});
  if (verdict !== "ok") throw new DamageError(String(verdict));
}

/** Of those that are read at the start the ones that a file of its schema has; where what waits still stands among the deliveries, not these. */
function tablesToCheck(db: DatabaseSync): string[] {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    .map(({ name }) => name);
  return LOADED_TABLES.filter((table) => names.includes(table));
}

/** A row that cannot be decoded is damage like any other. */
function loadRows(db: DatabaseSync): LoadedRows {
  try {
    return load(db);
  } catch (error) {
    const isNonsense = error instanceof MqttError || error instanceof TypeError ||
      error instanceof RangeError || error instanceof JournalError;
    throw isNonsense ? new DamageError(`A row makes no sense: ${error.message}`) : error;
  }
}

/** The file can be read, and what it says makes no sense. */
class DamageError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof NewerSchemaError) return false;
  return error instanceof DamageError || error instanceof JournalError || says(error, DAMAGED);
}
