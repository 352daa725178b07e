import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { compareKeys, type PageKey } from "./page_keys.ts";

/** A column of a table's key. */
export type KeyColumn = readonly [name: string, type: "number" | "text"];

/** Columns by their names. */
export type Row = Readonly<Record<string, SQLInputValue>>;

/** Rows that are read at a time. */
const SLICE_ROWS = 200;

/** How far the table has been read. */
interface Reading {
  readonly isAtEnd: boolean;
  /** The key of the last row; `undefined`: there was none. */
  readonly last: PageKey | undefined;
}

/**
 * A table of which pages may be damaged. It is read in the order of its key. Where that fails, reading goes on after the row that
 * cannot be read, or, where even the key of that row cannot be read, on the next page.
 */
export class DamagedTable {
  readonly #db: DatabaseSync;
  readonly #table: string;
  readonly #key: readonly KeyColumn[];
  readonly #places: () => readonly PageKey[];
  readonly #selected: string;
  readonly #encoder = new TextEncoder();
  /** `a, b` */
  readonly #names: string;

  /** `places` returns the keys at which to go on after a damaged page; it is called when there is one. */
  constructor(
    db: DatabaseSync,
    table: string,
    key: readonly KeyColumn[],
    places: () => readonly PageKey[],
    selected = "*",
  ) {
    this.#db = db;
    this.#table = table;
    this.#key = key;
    this.#places = places;
    this.#selected = selected;
    this.#names = key.map(([name]) => name).join(", ");
  }

  /** Calls `put` for each row that can be read. */
  read(put: (row: Row) => void): void {
    // A file of an older version does not have every table.
    if (this.#slice(this.#selected, undefined, [], 0) === undefined) return;
    let reading = this.#readFrom(undefined, [], put);
    if (reading.isAtEnd) return;
    const places = this.#sortedPlaces();
    let next = 0;
    // All up to here is read or given up. It only grows, whatever key a damaged page contains, so the loop ends.
    let at: PageKey = [];
    let given: PageKey | undefined;
    while (!reading.isAtEnd) {
      if (reading.last !== undefined && compareKeys(reading.last, at) > 0) at = reading.last;
      const damaged = at === given ? undefined : this.#keyBehind(at);
      if (damaged !== undefined) {
        at = damaged;
        reading = this.#readFrom(">", at, put);
        continue;
      }
      given = at;
      while (next < places.length && compareKeys(places[next]!, at) <= 0) next++;
      if (next === places.length) return;
      reading = this.#readFrom(">=", places[next++]!, put);
    }
  }

  #sortedPlaces(): PageKey[] {
    const isKey = (place: PageKey) =>
      place.length === this.#key.length &&
      this.#key.every(([, type], i) => (typeof place[i] === "number") === (type === "number"));
    const cut = (place: PageKey) => place.slice(0, this.#key.length);
    return this.#places().map(cut).filter(isKey).sort(compareKeys);
  }

  #readFrom(comparison: ">" | ">=" | undefined, key: PageKey, put: (row: Row) => void): Reading {
    let last: PageKey | undefined;
    let sizeRows = SLICE_ROWS;
    for (;;) {
      const rows = this.#slice(
        this.#selected,
        last === undefined ? comparison : ">",
        last ?? key,
        sizeRows,
      );
      if (rows === undefined && sizeRows === 1) return { isAtEnd: false, last };
      // The rows before the damage are read one by one.
      if (rows === undefined) sizeRows = 1;
      else if (rows.length === 0) return { isAtEnd: true, last };
      else {
        for (const row of rows) put(row);
        const read = this.#keyOf(rows.at(-1)!);
        if (read === undefined || last !== undefined && compareKeys(read, last) <= 0) {
          return { isAtEnd: false, last };
        }
        last = read;
      }
    }
  }

  /** `undefined`: it cannot be read, or there is none. */
  #keyBehind(key: PageKey): PageKey | undefined {
    const rows = this.#slice(this.#names, key.length === 0 ? undefined : ">", key, 1);
    const found = rows?.[0] && this.#keyOf(rows[0]);
    return found !== undefined && compareKeys(found, key) > 0 ? found : undefined;
  }

  /** `undefined`: not all of it can be read. (An iterator would end before the damage as if that were the table's end.) */
  #slice(
    columns: string,
    comparison: ">" | ">=" | undefined,
    key: PageKey,
    maxRows: number,
  ): Row[] | undefined {
    const marks = this.#key.map(([, type]) => type === "text" ? "CAST(? AS TEXT)" : "?");
    const condition = comparison === undefined
      ? ""
      : `WHERE (${this.#names}) ${comparison} (${marks.join(", ")})`;
    const sql =
      `SELECT ${columns} FROM ${this.#table} ${condition} ORDER BY ${this.#names} LIMIT ${maxRows}`;
    try {
      return this.#db.prepare(sql).all(...key as SQLInputValue[]) as Row[];
    } catch {
      return undefined;
    }
  }

  /** `undefined`: it is of the wrong kind. */
  #keyOf(row: Row): PageKey | undefined {
    const key = this.#key.map(([name]) => row[name]).map((value) =>
      typeof value === "string" ? this.#encoder.encode(value) : value
    );
    const isKey = key.every((value) => typeof value === "number" || value instanceof Uint8Array);
    return isKey ? key as PageKey : undefined;
  }
}
