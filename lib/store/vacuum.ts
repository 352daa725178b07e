import type { DatabaseSync } from "node:sqlite";

/** So much of the file must be free before any of it is given back, and so much stays, bytes: what is full again soon is left. */
const FREE_BEFORE_BYTES = 4 * 1024 * 1024;
const FREE_AFTER_BYTES = 1024 * 1024;
/** Free parts of what is in use: as above, whichever is more. */
const FREE_BEFORE_PART = 1 / 4;
const FREE_AFTER_PART = 1 / 8;
/** Pages that are given back at a time: some milliseconds, in which nothing else is written. */
const STEP_PAGES = 256;
/** Where there is hardly room for the log that this makes. */
const SMALL_STEP_PAGES = 32;

/** `PRAGMA auto_vacuum`: the file gives back nothing, or what it is told to. */
const INCREMENTAL = 2;

/** Gives back what a file does not use any more, a little at a time. */
export class Vacuum {
  readonly #db: DatabaseSync;
  readonly #pragma: (name: string) => number;
  #isUnderWay = false;
  #stepPages = STEP_PAGES;

  /** `pragma`: reads one. */
  constructor(db: DatabaseSync, pragma: (name: string) => number) {
    this.#db = db;
    this.#pragma = pragma;
  }

  /** Whether there is something to give back. `isUrgent`: however little. */
  isDue(isUrgent: boolean): boolean {
    this.#stepPages = isUrgent ? SMALL_STEP_PAGES : STEP_PAGES;
    const pageBytes = this.#pragma("page_size");
    const freeBytes = this.#pragma("freelist_count") * pageBytes;
    const usedBytes = this.#pragma("page_count") * pageBytes - freeBytes;
    this.#isUnderWay = isUrgent
      ? freeBytes > 0
      : this.#isUnderWay
      ? freeBytes > Math.max(FREE_AFTER_BYTES, usedBytes * FREE_AFTER_PART)
      : freeBytes > Math.max(FREE_BEFORE_BYTES, usedBytes * FREE_BEFORE_PART);
    return this.#isUnderWay && this.#pragma("auto_vacuum") === INCREMENTAL;
  }

  /** One transaction. Throws what SQLite throws; then nothing has changed. */
  step(): void {
    // With each row that is asked for a page is given back: `exec` would ask for one.
    this.#db.prepare(`PRAGMA incremental_vacuum(${this.#stepPages})`).all();
  }
}
