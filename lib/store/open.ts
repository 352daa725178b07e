import { DatabaseSync } from "node:sqlite";
import type { LogPort, StoredState } from "../broker/mod.ts";
import { load, type Loaded } from "./load.ts";
import { salvage } from "./salvage.ts";
import { migrate, NewerSchemaError } from "./schema.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** The database's name in its directory. */
export const DATABASE_NAME = "flux-mqtt.db";

/** Where the store is, and what it promises. */
export interface OpenStoreInit {
  /** Made where it is missing. */
  readonly directory: string;
  /** `always`: survives a power cut. `interval`: a power cut may lose the last second. */
  readonly durability: "always" | "interval";
  /** Told of damage that was found, and later of writes that fail. */
  readonly log: LogPort;
  /** Milliseconds that every commit takes longer: for tests, a slow disk. Default 0. */
  readonly commitDelayMs?: number;
}

/** A store that is open, and what it remembers. */
export interface OpenedStore {
  /** For the broker's ports. */
  readonly store: SqliteStore;
  /** What was committed when it was opened, for the broker to restore. */
  readonly state: StoredState;
  /** Writes what has gathered and lets go of the directory. */
  close(): Promise<void>;
}

/**
 * Opens the store in a directory, which it has for itself. A damaged file is set aside and what can be read of it is saved.
 * Throws where another broker has the directory, where it cannot be written, or where a newer program has written it.
 */
export function openStore(init: OpenStoreInit): OpenedStore {
  const { directory, durability, log, commitDelayMs = 0 } = init;
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory);
  const path = `${directory}/${DATABASE_NAME}`;
  try {
    const loaded = loadOrSalvage(path, log);
    const store = new SqliteStore({
      writer: { path, durability, commitDelayMs },
      sessionIds: loaded.sessionIds,
      deliveries: deliveriesOf(loaded),
      nextSessionId: loaded.nextSessionId,
      nextMessageId: loaded.nextMessageId,
      log,
    });
    const close = async () => {
      await store.close();
      lock.close();
    };
    return { store, state: loaded, close };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Holds the directory for as long as it is open; the operating system lets go of it when the process ends, however. */
function lockDirectory(directory: string): DatabaseSync {
  const lock = new DatabaseSync(`${directory}/lock.db`);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (says(error, LOCKED)) {
      throw new Error(`Cannot use ${directory}: another broker has it`);
    }
    throw error;
  }
}

function loadOrSalvage(path: string, log: LogPort): Loaded {
  try {
    return loadFile(path);
  } catch (error) {
    if (error instanceof NewerSchemaError || !isDamage(error)) throw error;
    const aside = setAside(path);
    const reason = error instanceof Error ? error.message : String(error);
    log.error("The store is damaged: it is set aside, and what can be read is saved", {
      aside,
      reason,
    });
    const saved = salvage(aside, path);
    log.warning("Saved from the damaged store", saved);
    return loadFile(path);
  }
}

function loadFile(path: string): Loaded {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const [verdict] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {});
    if (verdict !== "ok") throw new DamageError(String(verdict));
    migrate(db);
    return load(db);
  } finally {
    db.close();
  }
}

/** Renames the file and its log; returns the new name. */
function setAside(path: string): string {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.damaged-${stamp}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return aside;
}

function* deliveriesOf({ sessions }: Loaded): Generator<[string, number, number]> {
  for (const { clientId, deliveries } of sessions) {
    for (const { delivery } of deliveries) {
      yield [clientId, delivery.sequence, delivery.message.storeId];
    }
  }
}

/** The file can be read, and what it says makes no sense. */
class DamageError extends Error {}

/** SQLite's own words: in Deno an error has them and no code. */
const LOCKED = /database is locked/;
const DAMAGED = /malformed|file is not a database|database corruption/;

function isDamage(error: unknown): boolean {
  return error instanceof DamageError || says(error, DAMAGED);
}

function says(error: unknown, words: RegExp): boolean {
  return error instanceof Error && words.test(error.message);
}
