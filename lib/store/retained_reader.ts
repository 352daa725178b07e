import type { DatabaseSync } from "node:sqlite";
import { type ArrayStatement, arrayStatement } from "./array_statement.ts";
import { RETAINED_COLUMNS, type RetainedRow } from "./rows.ts";

/** With fewer topics each is searched for. */
const LEAST_RANGE = 8;
/** After a range with few of the topics in it, so many reads search for each topic. */
const SEARCHES = 20;

/** Reads retained messages. It sees what is committed at that moment. */
export class RetainedReader {
  readonly #one: ArrayStatement;
  readonly #range: ArrayStatement;
  #searches = 0;

  constructor(db: DatabaseSync) {
    this.#one = arrayStatement(db, `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name = ?`);
    this.#range = arrayStatement(
      db,
      `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name >= ? ORDER BY topic_name LIMIT ?`,
    );
  }

  /**
   * Reads one row for each topic; `undefined`: there is none. Topics in sorted order, of which a subscription has matched most, are read as
   * a range, in a quarter of the time. Throws what SQLite throws.
   */
  read(topicNames: readonly string[]): (RetainedRow | undefined)[] {
    const isRange = topicNames.length >= LEAST_RANGE && --this.#searches <= 0;
    const rows = isRange ? this.#readRange(topicNames) : [];
    // Rows and topics have the same order, so the next row is that of the next topic which the range contains.
    let at = 0;
    let hits = 0;
    const read = topicNames.map((topicName) => {
      const skipped = at;
      while (at < rows.length && rows[at]![0] < topicName) at++;
      if (at < rows.length && rows[at]![0] === topicName) {
        hits++;
        return rows[at++];
      }
      at = skipped;
      return this.#one.all(topicName)[0] as unknown as RetainedRow | undefined;
    });
    if (isRange && hits * 2 < topicNames.length) this.#searches = SEARCHES;
    return read;
  }

  #readRange(topicNames: readonly string[]): RetainedRow[] {
    return this.#range.all(topicNames[0]!, topicNames.length) as unknown as RetainedRow[];
  }
}
