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

/** A file that is whole, with what was saved; a stamp follows. */
const SAVED = `${DATABASE_NAME}.saved-`;

/**
 * Saves what can be read of a damaged database into a new one, which takes its place; the damaged one is set aside.
 *
 * The process or the power may end at any moment, so nothing is touched before what is saved is whole and on the disk, and its
 * name says that it is: from then on {@linkcode finishReplacing} does the rest, now or at the next start.
 */
export function replaceDamaged(directory: string, reason: string, log: LogPort): void {
  const at = stamp();
  const path = `${directory}/${DATABASE_NAME}`;
  log.error("The store is damaged: it is set aside, and what can be read is saved", {
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
  log.warning("Saved from the damaged store", saved);
}

/** Ends what an earlier process has begun to replace; `true` where the files in the directory are others now. */
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
  log.warning("The store was damaged: it is set aside, and what could be read was saved", {
    aside: asidePath(directory, at),
  });
  return true;
}

/**
 * Makes a whole database anew, with the same in it, so that it can give back what it does not use any more. (SQLite's own `VACUUM` is not
 * for a process whose permissions are limited.) Where that cannot be, the one that is there is as good as before.
 */
export function renew(directory: string): void {
  const path = `${directory}/${DATABASE_NAME}`;
  const saving = `${directory}/${SAVING}anew`;
  try {
    // With something in its log the file is not whole without that.
    if (sizeOf(`${path}-wal`) > 0) return;
    makePrivateFile(saving);
    salvage(path, saving);
    // Whoever reads a database leaves an empty log and its index behind.
    for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
    syncFile(saving);
    Deno.renameSync(saving, path);
    syncDirectory(directory);
  } catch {
    removeIfThere(saving);
  }
}

/** Each step may have been done before; the log goes first, since it must not be taken for the new file's. */
function putInPlace(directory: string, at: string): void {
  const path = `${directory}/${DATABASE_NAME}`;
  const aside = asidePath(directory, at);
  removeIfThere(`${path}-shm`); // An index of the log, made anew whenever that is read.
  for (const suffix of ["-wal", ""]) renameIfThere(path + suffix, aside + suffix);
  removeIfEmpty(`${aside}-wal`);
  syncDirectory(directory);
  Deno.renameSync(`${directory}/${SAVED}${at}`, path);
  syncDirectory(directory);
}
