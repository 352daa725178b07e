import type { LogPort } from "../broker/mod.ts";
import { makePrivateFile } from "./privacy.ts";
import { salvage } from "./salvage.ts";
import { asidePath } from "./set_aside.ts";
import {
  DATABASE_NAME,
  removeIfEmpty,
  removeIfThere,
  renameIfThere,
  SAVING,
  sizeOf,
  stamp,
  syncDirectory,
  syncFile,
} from "./store_files.ts";

/** Begin of the name of a complete file with what was saved; a time follows. */
const SAVED = `${DATABASE_NAME}.saved-`;

/**
 * Copies what can be read of a damaged database into a new one, which replaces it; the damaged one is set aside.
 *
 * The process or the power may end at any moment. So nothing is changed before the copy is complete and on the disk, and its name says
 * so; from then on {@linkcode finishReplacing} does the rest, now or at the next start.
 */
export function replaceDamaged(directory: string, reason: string, log: LogPort): void {
  const at = stamp();
  const path = `${directory}/${DATABASE_NAME}`;
  log.error("The store is damaged: its file is set aside, and readable rows are copied", {
    aside: asidePath(directory, at),
    reason,
  });
  const saving = `${directory}/${SAVING}${at}`;
  makePrivateFile(saving);
  const saved = salvage(path, saving);
  syncFile(saving);
  Deno.renameSync(saving, `${directory}/${SAVED}${at}`);
  syncDirectory(directory);
  putInPlace(directory, at);
  log.warning("Rows copied from the damaged store", saved);
}

/** Completes a replacement that an earlier process has begun; `true` where the files in the directory were changed. */
export function finishReplacing(
  directory: string,
  names: ReadonlySet<string>,
  log: LogPort,
): boolean {
  const unfinished = [...names].filter((name) => name.startsWith(SAVING));
  for (const name of unfinished) removeIfThere(`${directory}/${name}`);
  const at = [...names].find((name) => name.startsWith(SAVED))?.slice(SAVED.length);
  if (at === undefined) return false;
  putInPlace(directory, at);
  log.warning("The store was damaged: its file is set aside, and readable rows were copied", {
    aside: asidePath(directory, at),
  });
  return true;
}

/** Rewrites an undamaged database that cannot return unused room to the file system. Where that fails, the old one stays in use. */
export function renew(directory: string): void {
  try {
    rewrite(directory);
  } catch {
    // It goes on as it is: it only does not shrink.
  }
}

/**
 * Copies an undamaged database into a new one in its place, without what is not used any more, and able to return room to the file
 * system. (SQLite's own `VACUUM` does not work in a process with limited permissions.) Throws where that cannot be: then nothing has changed.
 */
export function rewrite(directory: string): void {
  const path = `${directory}/${DATABASE_NAME}`;
  const saving = `${directory}/${SAVING}anew`;
  // A file with something in its log is not complete without the log.
  if (sizeOf(`${path}-wal`) > 0) throw new Error(`Cannot rewrite ${path}: its log is not empty`);
  try {
    makePrivateFile(saving);
    salvage(path, saving);
    // Reading a database leaves an empty log and its index behind.
    for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
    syncFile(saving);
    Deno.renameSync(saving, path);
    syncDirectory(directory);
  } catch (error) {
    removeIfThere(saving);
    throw error;
  }
}

/** Each step may have been done before. The log is moved first, because SQLite must not apply it to the new file. */
function putInPlace(directory: string, at: string): void {
  const path = `${directory}/${DATABASE_NAME}`;
  const aside = asidePath(directory, at);
  removeIfThere(`${path}-shm`); // The index of the log, which SQLite makes anew when it reads the log.
  for (const suffix of ["-wal", ""]) renameIfThere(path + suffix, aside + suffix);
  removeIfEmpty(`${aside}-wal`);
  syncDirectory(directory);
  Deno.renameSync(`${directory}/${SAVED}${at}`, path);
  syncDirectory(directory);
}
