import { DatabaseSync } from "node:sqlite";
import { lockDirectory } from "./lock.ts";
import { openStore } from "./open.ts";
import { makePrivateFile } from "./privacy.ts";
import {
  DATABASE_NAME,
  removeIfThere,
  renameIfThere,
  SAVING,
  sizeOf,
  stamp,
  syncDirectory,
  syncFile,
} from "./store_files.ts";
import { rewrite } from "./replace.ts";
import { snapshot } from "./snapshot.ts";
import { StoredFile } from "./stored_file.ts";

/**
 * Puts a backup in the place of a store, which is set aside; returns where, `""`: there was none. Throws where a broker runs on the
 * directory, and where the backup is not whole: then nothing is changed.
 */
export function restore(backup: string, directory: string): string {
  new StoredFile(backup)[Symbol.dispose](); // Throws if it is no database, before anything is made.
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  using _lock = lockDirectory(directory);
  const at = stamp();
  const path = `${directory}/${DATABASE_NAME}`;
  const saving = `${directory}/${SAVING}${at}`;
  try {
    copyWhole(backup, saving);
  } catch (error) {
    removeIfThere(saving);
    throw error;
  }
  const aside = `${path}.before-restore-${at}`;
  // The log first: it must never stand beside a database that is not its own.
  renameIfThere(`${path}-wal`, `${aside}-wal`);
  const wasThere = renameIfThere(path, aside);
  Deno.renameSync(saving, path);
  syncDirectory(directory);
  return wasThere ? aside : "";
}

/** Copies a backup and reads the copy: what is looked at is what is used. A log beside the backup is part of it. */
function copyWhole(backup: string, saving: string): void {
  makePrivateFile(saving);
  if (sizeOf(`${backup}-wal`) > 0) snapshot(backup, saving);
  else Deno.copyFileSync(backup, saving);
  {
    using file = new StoredFile(saving);
    const [problem] = file.problems();
    if (problem !== undefined) throw new Error(`Cannot restore ${backup}: ${problem}`);
  }
  syncFile(saving);
}

/** Makes a store's file as small as it can be; returns its bytes before and behind. Throws where a broker runs on the directory. */
export function compact(directory: string): readonly [before: number, after: number] {
  const path = `${directory}/${DATABASE_NAME}`;
  Deno.statSync(path);
  using _lock = lockDirectory(directory);
  const before = sizeOf(path) + sizeOf(`${path}-wal`);
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
  {
    using file = new StoredFile(path);
    const [problem] = file.problems();
    if (problem !== undefined) throw new Error(`Cannot compact ${path}: ${problem}`);
  }
  rewrite(directory);
  return [before, sizeOf(path) + sizeOf(`${path}-wal`)];
}

/**
 * Deletes a session with all that belongs to it; returns how many messages were queued or in flight for it, `undefined`: there is no such
 * session. Throws where a broker runs on the directory.
 */
export async function deleteStoredSession(
  directory: string,
  clientId: string,
): Promise<number | undefined> {
  const quiet = () => {};
  const log = { debugOn: false, debug: quiet, info: quiet, warning: quiet, error: quiet };
  const { store, state, close } = openStore({ directory, durability: "always", log });
  try {
    const session = Iterator.from(state.sessions).find((session) => session.clientId === clientId);
    if (session === undefined) return undefined;
    const { deliveries, queue } = session;
    store.deleteSession(clientId);
    await new Promise<void>((resolve) => store.commit(resolve));
    return deliveries.length + (queue?.messages ?? 0);
  } finally {
    await close();
  }
}
