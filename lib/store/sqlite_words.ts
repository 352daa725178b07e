/** SQLite's own words: in Deno an error has them and no code. */
export const LOCKED: RegExp = /database is locked/;

/** The same for a file that cannot be read as what it should be. */
export const DAMAGED: RegExp =
  /malformed|file is not a database|database corruption|no such (table|column)/;

/** The same where there is no room for a write. */
export const DISK_FULL: RegExp = /database or disk is full/;

/** Whether it is an error with such words. */
export function says(error: unknown, words: RegExp): boolean {
  return error instanceof Error && words.test(error.message);
}
