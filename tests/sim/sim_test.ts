import { fail, ok } from "node:assert/strict";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Asked } from "./settings.ts";

/** Seeds in the gate: what is promised, to tests of how many seeds each, and how many tests. */
const PROMISES: readonly [asked: Asked, what: string, seedsPerTest: number, tests: number][] = [
  [{ durability: "none" }, "Without crashes the broker keeps its promises", 250, 2],
  [
    { durability: "always" },
    "With durability always nothing acknowledged is lost to a killed process or a power cut",
    250,
    8,
  ],
  [
    { durability: "interval" },
    "With durability interval a killed process loses nothing and a power cut the last second, to the end of a commit",
    250,
    3,
  ],
];

for (const [asked, what, seedsPerTest, tests] of PROMISES) {
  for (let from = 0; from < tests * seedsPerTest; from += seedsPerTest) {
    const to = from + seedsPerTest - 1;
    Deno.test(`${what}, seeds ${from} to ${to}`, () => {
      for (let seed = from; seed <= to; seed++) {
        const failure = run(seed, DEFAULT_STEPS, asked);
        if (failure !== undefined) fail(explain(failure));
      }
    });
  }
}

const FAULTS: readonly [asked: Asked, what: string][] = [
  [
    { durability: "always", diskFault: "early" },
    "A commit that is said to be done before its fsync",
  ],
  [{ durability: "always", diskFault: "forgetful" }, "A row that a crash takes along"],
  [{ durability: "interval", diskFault: "late" }, "A disk that is brought up to date too seldom"],
];

for (const [asked, what] of FAULTS) {
  Deno.test(`${what} is found by the simulation`, () => {
    const seeds = Array.from({ length: 400 }, (_, seed) => seed);
    ok(seeds.some((seed) => run(seed, DEFAULT_STEPS, asked) !== undefined));
  });
}
