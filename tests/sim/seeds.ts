import { fail } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Asked } from "./settings.ts";

/** Seeds of one test. */
const SEEDS_PER_TEST = 250;

/** What is promised with each durability. */
export const PROMISES = {
  none: "Without crashes the broker keeps its promises",
  always: "With durability always nothing acknowledged is lost to a killed process or a power cut",
  interval:
    "With durability interval a killed process loses nothing and a power cut the last second, to the end of a commit",
} as const;

/** Registers the tests of the seeds from `begin` to before `end`. The seeds of a durability stand in several files, which run side by side. */
export function testSeeds(durability: keyof typeof PROMISES, begin: number, end: number): void {
  const asked: Asked = { durability };
  for (let from = begin; from < end; from += SEEDS_PER_TEST) {
    const to = from + SEEDS_PER_TEST - 1;
    const test = from === 0 ? Deno.test : longTest;
    test(`${PROMISES[durability]}, seeds ${from} to ${to}`, () => {
      for (let seed = from; seed <= to; seed++) {
        const failure = run(seed, DEFAULT_STEPS, asked);
        if (failure !== undefined) fail(explain(failure));
      }
    });
  }
}
