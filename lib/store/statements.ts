import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Rows that one statement inserts, where there are many: each costs a third of what one alone does. */
const ROWS = 16;
/** The values of one row. */
const VALUES = /VALUES (\([?, ]+\))/;

/** The statements of a database, each compiled when it is first needed. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #compiled = new Map<string, StatementSync>();
  readonly #compiledMany = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The statement with this text. Throws SQLite's errors. */
  of(sql: string): StatementSync {
    let statement = this.#compiled.get(sql);
    if (statement === undefined) this.#compiled.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  /** Inserts rows, in their order, with a statement that inserts one. Throws SQLite's errors. */
  insert(sql: string, rows: readonly (readonly SQLInputValue[])[]): void {
    let i = 0;
    for (; i + ROWS <= rows.length; i += ROWS) {
      this.#many(sql).run(...rows.slice(i, i + ROWS).flat());
    }
    for (; i < rows.length; i++) this.of(sql).run(...rows[i]!);
  }

  #many(sql: string): StatementSync {
    let statement = this.#compiledMany.get(sql);
    if (statement === undefined) {
      const many = sql.replace(VALUES, (_, row) => `VALUES ${Array(ROWS).fill(row).join(", ")}`);
      this.#compiledMany.set(sql, statement = this.#db.prepare(many));
    }
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
