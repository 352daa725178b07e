import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** The statements of a database, each compiled when it is first needed. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #compiled = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The statement with this text. Throws SQLite's errors. */
  of(sql: string): StatementSync {
    let statement = this.#compiled.get(sql);
    if (statement === undefined) this.#compiled.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  /** Runs the statement with these values. Throws SQLite's errors. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.of(sql).run(...values);
  }
}

/** Deletes messages that no delivery has any more. */
export const DELETE_UNUSED_MESSAGES =
  `DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM deliveries)
    AND id NOT IN (SELECT message_id FROM waiting)`;

/** The number of rows of a table. */
export function countRows(db: DatabaseSync, table: string): number {
  return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"]);
}
