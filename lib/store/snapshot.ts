import { DatabaseSync } from "node:sqlite";
import { Journal } from "./journal.ts";
import { SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { removeIfThere, sizeOf } from "./store_files.ts";
import { firstProblem } from "./stored_file.ts";

/** Attempts to copy. The log restarts only every few megabytes, so one of them succeeds. */
const ATTEMPTS = 20;
/** The bytes of the log's header. Its salts and checksum change each time the log restarts. */
const LOG_HEAD_BYTES = 32;

/**
 * Copies a database that another process is writing into an existing empty file. SQLite's own backup needs a lock, which a broker never
 * releases; so the files are copied, the log last.
 *
 * Pages of the database change only when the log is moved into it, and the log keeps those pages until it restarts. So if the header of the
 * log is the same before and after copying, the copied log repairs every page that was copied half-written. If not, the files are copied
 * again. Throws if there is no database, or if no attempt gives a complete copy.
 */
export function snapshot(from: string, to: string): void {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = headOf(`${from}-wal`);
      Deno.copyFileSync(from, to);
      removeIfThere(`${to}-wal`);
      if (sizeOf(`${from}-wal`) > 0) Deno.copyFileSync(`${from}-wal`, `${to}-wal`);
      if (before === headOf(`${from}-wal`) && settle(to)) return;
    }
    throw new Error(`Cannot copy ${from}: it changes too fast, or is damaged`);
  } finally {
    for (const suffix of ["-wal", "-shm"]) removeIfThere(`${to}${suffix}`);
  }
}

/** Moves the log into the file; returns false if the result is not intact. */
function settle(path: string): boolean {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = DELETE");
    // Moves the journal into rows, so that readers of the copy find deliveries in flight with the others.
    if (schemaVersion(db) === SCHEMA_VERSION) {
      db.exec("BEGIN IMMEDIATE");
      new Journal(db).fold();
      db.exec("COMMIT");
    }
    return firstProblem(db) === undefined;
  } catch {
    return false;
  } finally {
    db.close();
  }
}

function headOf(path: string): string {
  try {
    using file = Deno.openSync(path);
    const head = new Uint8Array(LOG_HEAD_BYTES);
    return head.subarray(0, file.readSync(head) ?? 0).toHex();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
