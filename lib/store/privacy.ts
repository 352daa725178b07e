import type { LogPort } from "../broker/mod.ts";
import { reasonOf } from "./lock.ts";
import { DATABASE_NAME } from "./store_files.ts";

/** Permissions of the group and of everybody else. */
const OTHERS = 0o077;

/** Makes a file that nobody else can read; what SQLite makes beside it has the same permissions. */
export function makePrivateFile(path: string): void {
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}

/**
 * Takes the files of the store, and what was set aside, from everybody else: messages and who may read them stand in them. Where the
 * directory itself is open to others it is said, since whoever may write there may take the files away.
 */
export function closeToOthers(directory: string, names: Iterable<string>, log: LogPort): void {
  const mode = openMode(directory);
  if (mode !== undefined) {
    log.warning("The store's directory is open to others: nobody but the broker should have it", {
      directory,
      mode,
    });
  }
  for (const name of names) {
    if (!name.startsWith(DATABASE_NAME)) continue;
    const path = `${directory}/${name}`;
    const mode = openMode(path);
    if (mode === undefined) continue;
    try {
      Deno.chmodSync(path, 0o600);
    } catch (error) {
      log.warning("A file of the store is open to others", { path, mode, reason: reasonOf(error) });
    }
  }
}

/** `0755`; `undefined`: it is closed to others, or the system has no such permissions. */
function openMode(path: string): string | undefined {
  const { mode } = Deno.statSync(path);
  if (mode === null || (mode & OTHERS) === 0) return undefined;
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
