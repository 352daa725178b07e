import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** A statement whose rows are arrays. */
export interface ArrayStatement {
  all(...values: SQLInputValue[]): unknown[];
}

/** A statement whose rows are arrays, in the order of the columns: five times as fast as objects. */
export function arrayStatement(db: DatabaseSync, sql: string): ArrayStatement {
  const statement: StatementSync & { setReturnArrays?(isOn: boolean): void } = db.prepare(sql);
  if (statement.setReturnArrays !== undefined) {
    statement.setReturnArrays(true);
    return statement;
  }
  // Deno has this since 2.9, but its types do not declare it yet.
  return { all: (...values) => statement.all(...values).map((row) => Object.values(row)) };
}
