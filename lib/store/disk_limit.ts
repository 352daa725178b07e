import { statfsSync } from "node:fs";

/** The part of a file system that the store leaves free by itself; where less than twice as much is free, half of that. */
const FREE_PART = 1 / 10;
/** Bytes that the log may grow to beside the database. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;
/** Where the database is to be small, so is its log. */
const LOG_PART = 1 / 4;

/** At how many bytes the log is moved into a database that may have so many; 0: as many as it likes. */
export function logLimit(maxBytes: number): number {
  return maxBytes === 0 ? MAX_LOG_BYTES : Math.min(MAX_LOG_BYTES, maxBytes * LOG_PART);
}

/**
 * How large a database may become, bytes, so that a tenth of its file system stays free as things are now. 0: no limit, since the
 * system may not be asked.
 */
export function databaseLimit(path: string): number {
  if (!mayAskDisk()) return 0;
  const { blocks, bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  const leftBytes = Math.min(blocks * bsize * FREE_PART, freeBytes / 2);
  const bytes = Deno.statSync(path).size + freeBytes - leftBytes;
  return Math.floor(Math.max(bytes - MAX_LOG_BYTES, bytes / (1 + LOG_PART)));
}

/** Bytes that are free where the path is; `undefined`: the system may not be asked, or does not say. */
export function freeBytes(path: string): number | undefined {
  if (!mayAskDisk()) return undefined;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Asked before: without the permission a terminal would be asked for it. */
function mayAskDisk(): boolean {
  return Deno.permissions.querySync({ name: "sys", kind: "statfs" }).state === "granted";
}
