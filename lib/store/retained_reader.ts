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
   * a range, in half of the time. Throws what SQLite throws.
   */
  read(topicNames: readonly string[]): (RetainedRow | undefined)[] {
    const range = topicNames.length < LEAST_RANGE || --this.#searches > 0
      ? new Map<string, RetainedRow>()
      : this.#readRange(topicNames);
    return topicNames.map((topicName) =>
      range.get(topicName) ?? this.#one.all(topicName)[0] as unknown as RetainedRow | undefined
    );
  }

  #readRange(topicNames: readonly string[]): Map<string, RetainedRow> {
    const rows = this.#range.all(topicNames[0]!, topicNames.length) as unknown as RetainedRow[];
    const range = new Map(rows.map((row) => [row[0], row]));
    const hits = topicNames.filter((topicName) => range.has(topicName)).length;
    if (hits * 2 < topicNames.length) this.#searches = SEARCHES;
    return range;
  }
}
