import { DatabaseSync } from "node:sqlite";
import { Journal } from "./journal.ts";
import { SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { removeIfThere, sizeOf } from "./store_files.ts";
import { firstProblem } from "./stored_file.ts";

/** A log is begun anew every few megabytes: one copy in a row of these meets none. */
const ATTEMPTS = 20;
/** Of the log: its salts and checksum, which are others each time it is begun anew. */
const LOG_HEAD_BYTES = 32;

/**
 * Copies a database, while another process writes it, into one file that is there and empty. SQLite's own backup needs a lock, which a
 * broker never gives up: so the files are copied, the log last.
 *
 * Pages of the database change only when the log is taken over into it, and the log keeps what was taken over until it is begun
 * anew. So where the head of the log is the same before and behind, the copied log mends every page that was copied half. Where not,
 * it is copied again. Throws where there is no database, and where it comes to no whole copy.
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

/** Takes the log into the file; `false`: what comes out is not whole. */
function settle(path: string): boolean {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = DELETE");
    // Who looks into the copy sees what is in flight where it sees the rest.
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
