/** The database's name in its directory. */
export const DATABASE_NAME = "flux-mqtt.db";

/** A database that is not whole yet; something follows. What a process leaves behind of it is removed by the next. */
export const SAVING: string = `${DATABASE_NAME}.saving-`;

/** Where a cluster's snapshot is put in a directory until it is taken over; if that never happens, the next process removes it. */
export function snapshotPath(directory: string): string {
  return `${directory}/${SAVING}snapshot`;
}

/** A file that says that the database is damaged, in a place that nobody looks at by itself. */
export const DAMAGE_MARK: string = `${DATABASE_NAME}.check`;

/** Has the next process look at all of the database at this path. */
export function markDamaged(path: string): void {
  const directory = path.slice(0, path.lastIndexOf("/"));
  Deno.writeTextFileSync(`${directory}/${DAMAGE_MARK}`, "", { mode: 0o600 });
  syncDirectory(directory);
}

/** For names of files: `2026-01-31T12-00-00-000Z`. */
export function stamp(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, "-");
}

/** Brings a file to the disk. */
export function syncFile(path: string): void {
  using file = Deno.openSync(path, { write: true });
  file.syncSync();
}

/** Brings to the disk which files there are: a power cut could undo a new name, and not the old one's removal. */
export function syncDirectory(path: string): void {
  // There a directory cannot be opened.
  if (Deno.build.os === "windows") return;
  using directory = Deno.openSync(path);
  directory.syncSync();
}

/** Renames a file; `false`: there is none. */
export function renameIfThere(from: string, to: string): boolean {
  return isThere(() => Deno.renameSync(from, to));
}

/** Removes a file, where there is one. */
export function removeIfThere(path: string): void {
  isThere(() => Deno.removeSync(path));
}

/** Bytes of a file; 0: there is none. */
export function sizeOf(path: string): number {
  let sizeBytes = 0;
  isThere(() => sizeBytes = Deno.statSync(path).size);
  return sizeBytes;
}

/** Removes a file of which there is nothing but the name, where there is one. */
export function removeIfEmpty(path: string): void {
  isThere(() => Deno.statSync(path).size === 0 && Deno.removeSync(path));
}

function isThere(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
