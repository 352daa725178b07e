import type { DatabaseSync } from "node:sqlite";
import { type ArrayStatement, arrayStatement } from "./array_statement.ts";
import type { RowOwner } from "./retained_rows.ts";
import { RETAINED_COLUMNS, type RetainedRow } from "./rows.ts";

/** With fewer topics each is searched for. */
const LEAST_RANGE = 8;
/** After a range with few of the topics in it, so many reads search for each topic. */
const SEARCHES = 20;
/** After two ranges in a row that could not be read together, so many reads do not try. */
const PAUSED_READS = 20;

/** Messages of one publisher that do not expire, read together. */
export interface PacketsRead {
  /** Their packets, one after the other. */
  readonly packets: Uint8Array<ArrayBuffer>;
  readonly owner: RowOwner;
}

/** Reads retained messages. It sees what is committed at that moment. */
export class RetainedReader {
  readonly #one: ArrayStatement;
  readonly #range: ArrayStatement;
  readonly #together: ArrayStatement;
  #searches = 0;
  /** Of the row that was read last. */
  #owner: RowOwner = { id: "", user: null, listener: null };
  /** Ranges in a row that could not be read together, and reads that do not try for that reason. */
  #misses = 0;
  #pausedReads = 0;

  constructor(db: DatabaseSync) {
    this.#one = arrayStatement(db, `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name = ?`);
    this.#range = arrayStatement(
      db,
      `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name >= ? ORDER BY topic_name LIMIT ?`,
    );
    this.#together = arrayStatement(
      db,
      `SELECT CAST(group_concat(packet, '') AS BLOB), group_concat(topic_name, char(0)) = ?3 AND
         sum(expires_at_ms IS NULL AND publisher = ?4 AND publisher_user IS ?5 AND
           publisher_listener IS ?6) = ?2
       FROM (SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name >= ?1
         ORDER BY topic_name LIMIT ?2)`,
    );
  }

  /**
   * Reads a range that has these topics and no others, of one publisher and without an end, in a third of the time that rows take;
   * `undefined`: it is not such a range. `joined` are the Topic Names with U+0000 between them. Throws what SQLite throws.
   */
  readTogether(topicNames: readonly string[], joined: string): PacketsRead | undefined {
    const { length } = topicNames;
    if (length < LEAST_RANGE || --this.#pausedReads >= 0) return undefined;
    const owner = this.#owner;
    const { id, user, listener } = owner;
    const [row] = this.#together.all(topicNames[0]!, length, joined, id, user, listener) as [
      [packets: Uint8Array<ArrayBuffer> | null, isSuch: number | null],
    ];
    if (row[1] === 1) {
      this.#misses = 0;
      return { packets: row[0]!, owner };
    }
    // The first one may be that of another publisher, which is known then.
    if (++this.#misses > 1) this.#pausedReads = PAUSED_READS;
    return undefined;
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
    const last = read.at(-1);
    if (last !== undefined) this.#owner = { id: last[2], user: last[4], listener: last[5] };
    return read;
  }

  #readRange(topicNames: readonly string[]): RetainedRow[] {
    return this.#range.all(topicNames[0]!, topicNames.length) as unknown as RetainedRow[];
  }
}
