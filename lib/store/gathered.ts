/** Where the row of something is: not written yet, written (or with the Worker), or deleted. */
export type Place = "gathered" | "written" | "deleted";

/** Something with a row of its own, of which the store knows where that is. */
export interface Placed {
  place: Place;
}

/** Below so many entries a list is not worth tidying. */
const TIDY_LENGTH = 1024;

/**
 * The rows of one table that are new in a batch. What is deleted before it was written leaves without a trace, and costs
 * no search: it stays in the list, marked, until the list is used or is mostly such entries.
 */
export class Gathered<T extends Placed> {
  #entries: T[] = [];
  #size = 0;

  /** Rows to be written. */
  get size(): number {
    return this.#size;
  }

  add(entry: T): void {
    entry.place = "gathered";
    this.#entries.push(entry);
    this.#size++;
  }

  /** Deletes a row, wherever it is; `true` where that is in the file, so that the deletion must be written. */
  delete(entry: T): boolean {
    const isWritten = entry.place === "written";
    if (entry.place === "gathered") {
      this.#size--;
      entry.place = "deleted";
      this.#tidy();
    } else entry.place = "deleted";
    return isWritten;
  }

  /** It is written with something else. */
  takeOne(entry: T): void {
    entry.place = "written";
    this.#size--;
  }

  /** What is to be written, which from now on counts as written. */
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
