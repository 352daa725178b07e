/** The state of a row: not written yet, written (or sent to the Worker), or deleted. */
export type Place = "gathered" | "written" | "deleted";

/** Something with a row of its own, whose state the store tracks. */
export interface Placed {
  place: Place;
}

/** A list with fewer entries is not tidied. */
const TIDY_LENGTH = 1024;

/**
 * The new rows of one table in a batch. A row that is deleted before it was written leaves no trace and needs no search: it stays in the
 * list, marked, until the list is used or consists mostly of such entries.
 */
export class Gathered<T extends Placed> {
  #entries: T[] = [];
  #size = 0;

  /** The number of rows to write. */
  get size(): number {
    return this.#size;
  }

  add(entry: T): void {
    entry.place = "gathered";
    this.#entries.push(entry);
    this.#size++;
  }

  /** Deletes a row in any state; returns true if it is in the file, so that the deletion must be written. */
  delete(entry: T): boolean {
    const isWritten = entry.place === "written";
    if (entry.place === "gathered") {
      this.#size--;
      entry.place = "deleted";
      this.#tidy();
    } else entry.place = "deleted";
    return isWritten;
  }

  /** Marks a row as written, because it is written together with another one. */
  takeOne(entry: T): void {
    entry.place = "written";
    this.#size--;
  }

  /** Calls `act` with each row that is not written yet. */
  forEach(act: (entry: T) => void): void {
    for (const entry of this.#entries) if (entry.place === "gathered") act(entry);
  }

  /** Takes out the rows that `isLeft`, into a list of their own. */
  split(isLeft: (entry: T) => boolean): Gathered<T> {
    const left = new Gathered<T>();
    const kept: T[] = [];
    for (const entry of this.#entries) {
      if (entry.place === "gathered") (isLeft(entry) ? left.#entries : kept).push(entry);
    }
    this.#entries = kept;
    this.#size = kept.length;
    left.#size = left.#entries.length;
    return left;
  }

  /** Returns the rows to write, and marks them as written. */
  take<Row>(toRow: (entry: T) => Row): Row[] {
    const rows: Row[] = [];
    for (const entry of this.#entries) {
      if (entry.place !== "gathered") continue;
      entry.place = "written";
      rows.push(toRow(entry));
    }
    this.#entries = [];
    this.#size = 0;
    return rows;
  }

  #tidy(): void {
    if (this.#entries.length < TIDY_LENGTH || this.#entries.length < 2 * this.#size) return;
    this.#entries = this.#entries.filter(({ place }) => place === "gathered");
  }
}
