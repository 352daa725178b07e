import { fail } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Asked } from "./settings.ts";

/** Seeds of one test. */
const SEEDS_PER_TEST = 250;
/** Seeds of the first test, which always runs. */
const FIRST_SEEDS = 15;

/** What is promised with each durability. */
export const PROMISES = {
  none: "Without crashes the broker keeps its promises",
  always: "With durability always nothing acknowledged is lost to a killed process or a power cut",
  interval:
    "With durability interval a killed process loses nothing and a power cut the last second, to the end of a commit",
} as const;

/** Registers the tests of the seeds from `begin` to before `end`. The seeds of a durability stand in several files, which run in parallel. */
export function testSeeds(durability: keyof typeof PROMISES, begin: number, end: number): void {
  for (let from = begin; from < end;) {
    // The second test takes what the first leaves of its share.
    const next = from === 0 ? FIRST_SEEDS : from - from % SEEDS_PER_TEST + SEEDS_PER_TEST;
    testShare({ durability }, PROMISES[durability], from, next);
    from = next;
  }
}

function testShare(asked: Asked, promise: string, from: number, end: number): void {
  const test = from === 0 ? Deno.test : longTest;
  test(`${promise}, seeds ${from} to ${end - 1}`, () => {
    for (let seed = from; seed < end; seed++) {
      const failure = run(seed, DEFAULT_STEPS, asked);
      if (failure !== undefined) fail(explain(failure));
    }
  });
}
