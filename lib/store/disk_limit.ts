/** The part of a file system that the store leaves free by default. Where less than twice as much is free, it leaves half of what is free. */
const FREE_PART = 1 / 10;
/** Bytes to which the log may grow before it is moved into the database. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;
/** The log of a database with a small limit is this part of the limit. */
const LOG_PART = 1 / 4;

/** Room in a file system, bytes. */
export interface Room {
  readonly totalBytes: number;
  /** What the process may still use. */
  readonly freeBytes: number;
}

/** At how many bytes the log is moved into a database that may have so many; 0: as many as it likes. */
export function logLimit(maxBytes: number): number {
  return maxBytes === 0 ? MAX_LOG_BYTES : Math.min(MAX_LOG_BYTES, maxBytes * LOG_PART);
}

/** How large a database of so many bytes may become, so that a tenth of its file system stays free, if nothing else changes. */
export function databaseLimit({ totalBytes, freeBytes }: Room, databaseBytes: number): number {
  const leftBytes = Math.min(totalBytes * FREE_PART, freeBytes / 2);
  const bytes = databaseBytes + freeBytes - leftBytes;
  return Math.floor(Math.max(bytes - MAX_LOG_BYTES, bytes / (1 + LOG_PART)));
}

/**
 * Returns the function that asks the system for the room of a path's file system; `undefined`: the process has no permission for it. Its
 * module takes a tenth of a second to load, so it is loaded when nobody waits for it.
 */
export async function askForRoom(path: string): Promise<(() => Room) | undefined> {
  // Look first: without the permission Deno would ask for it on a terminal.
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "statfs" });
  if (state !== "granted") return undefined;
  const { statfsSync } = await import("node:fs");
  return () => {
    const { blocks, bavail, bsize } = statfsSync(path);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  };
}
