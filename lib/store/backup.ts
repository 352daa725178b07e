import { DatabaseSync } from "node:sqlite";
import { removeIfThere, SAVING, stamp, syncFile } from "./store_files.ts";
import { firstProblem, StoredFile } from "./stored_file.ts";

/** How much a backup contains. */
export interface BackupContent {
  /** Sessions. */
  readonly sessions: number;
  /** Messages that wait, each once. */
  readonly messages: number;
  /** Retained messages. */
  readonly retained: number;
  /** How far a cluster's log has been applied; absent without a cluster. */
  readonly position?: string;
}

/** A copy of a store, to be read. */
export interface StoreBackup {
  /** The bytes of the file. Read them to the end or cancel: after either the file is removed. */
  readonly readable: ReadableStream<Uint8Array>;
  /** How many. */
  readonly sizeBytes: number;
  /** What is in it. */
  readonly content: BackupContent;
}

/** Writes the database to the named file, which exists and is empty. */
export type CopyDatabase = (path: string) => void | Promise<void>;

/**
 * Makes a backup at `path`. The command and the API both use it, and differ in `copy` alone. The broker, which holds the database's lock,
 * lets SQLite copy it. Another process copies the files. The broker must not do that: when a process closes a file, POSIX releases all
 * of its locks on that file.
 *
 * The backup is one file that only its owner may read. It is complete when SQLite has checked every page and the file is on the disk.
 * Throws where a file of this name exists already, and where no complete copy can be made: then nothing is left behind.
 */
export async function makeBackup(path: string, copy: CopyDatabase): Promise<BackupContent> {
  // An older file may be the only good backup.
  Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  try {
    await copy(path);
    return prove(path);
  } catch (error) {
    removeIfThere(path);
    throw error;
  }
}

/** A backup in the store's directory, which is removed after it was read. `make` is {@linkcode makeBackup}, perhaps in a Worker. */
export async function backupToRead(
  directory: string,
  make: (path: string) => Promise<BackupContent>,
): Promise<StoreBackup> {
  // If the process ends before the file was read, the next one removes it by its name.
  const path = `${directory}/${SAVING}backup-${stamp()}`;
  const content = await make(path);
  const file = await Deno.open(path);
  const { size: sizeBytes } = await file.stat();
  return { readable: removedBehind(file.readable, path), sizeBytes, content };
}

/** Throws where the file is damaged. */
function prove(path: string): BackupContent {
  const db = new DatabaseSync(path);
  try {
    // SQLite copies the journal mode too; a backup must be complete without a log beside it.
    db.exec("PRAGMA journal_mode = DELETE");
    const problem = firstProblem(db);
    if (problem !== undefined) throw new Error(`The copy is not whole: ${problem}`);
  } finally {
    db.close();
  }
  syncFile(path);
  using file = new StoredFile(path);
  const { sessions, messages, retained } = file.counts();
  const { position } = file;
  return { sessions, messages, retained, ...position === undefined ? {} : { position } };
}

/** Removes the file when it was read to its end, or the reading was cancelled. */
function removedBehind(
  readable: ReadableStream<Uint8Array>,
  path: string,
): ReadableStream<Uint8Array> {
  const reader = readable.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (!done) return controller.enqueue(value);
      removeIfThere(path);
      controller.close();
    },
    async cancel(reason) {
      await reader.cancel(reason);
      removeIfThere(path);
    },
  });
}
