import type { LogPort } from "../broker/mod.ts";
import { reasonOf } from "./lock.ts";
import { DATABASE_NAME } from "./store_files.ts";

/** The permission bits of the group and of others. */
const OTHERS = 0o077;

/** Makes a file that only its owner can read. The files that SQLite makes beside it get the same permissions. */
export function makePrivateFile(path: string): void {
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}

/**
 * Removes the permissions of all others on the files of the store and on files set aside, because they contain messages. Warns where
 * the directory itself is open to others, since whoever may write there can take the files away.
 */
export function closeToOthers(directory: string, names: Iterable<string>, log: LogPort): void {
  const mode = openMode(directory);
  if (mode !== undefined) {
    log.warning("Other users can access the store's directory: restrict it to the broker", {
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
      log.warning("Other users can access a file of the store", {
        path,
        mode,
        reason: reasonOf(error),
      });
    }
  }
}

/** The permissions as text, such as `0755`; `undefined`: others have none, or the system has no such permissions. */
function openMode(path: string): string | undefined {
  const { mode } = Deno.statSync(path);
  if (mode === null || (mode & OTHERS) === 0) return undefined;
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
