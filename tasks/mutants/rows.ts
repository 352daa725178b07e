import type { Mutation } from "./apply.ts";

/** What goes wrong, the text of the file, what stands in its place, and the tests that must find it. */
export type Row = readonly [what: string, find: string, put: string, ...tests: string[]];

/** Rows of one file of `lib/`; tests are named from `tests/`, without `_test.ts`. */
export function of(file: string, ...rows: readonly Row[]): Mutation[] {
  return rows.map(([what, find, put, ...tests]) => ({
    what,
    file: `lib/${file}`,
    find,
    put,
    tests: tests.map((test) => `tests/${test}_test.ts`),
  }));
}
