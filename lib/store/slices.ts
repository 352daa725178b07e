import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { arrayStatement } from "./array_statement.ts";

/** Rows read at a time. */
const SLICE_ROWS = 500;

/**
 * Reads the rows of a large table in slices, so that the rows of one slice are garbage before the next is read. The first column is the
 * key; `before` is less than any key. The statement gets the last key read and the number of rows to return.
 */
export function* slicesOf<Row extends readonly [number | string, ...SQLInputValue[]]>(
  db: DatabaseSync,
  sql: string,
  before: Row[0],
): Generator<Row[]> {
  const statement = arrayStatement(db, sql);
  let last: Row[0] = before;
  for (;;) {
    const rows = statement.all(last, SLICE_ROWS) as unknown as Row[];
    if (rows.length === 0) return;
    yield rows;
    last = rows.at(-1)![0];
  }
}
