import { ok } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { DEFAULT_STEPS, run } from "./run.ts";
import { testSeeds } from "./seeds.ts";
import type { Asked } from "./settings.ts";

testSeeds("none", 0, 500);
testSeeds("interval", 0, 750);

const FAULTS: readonly [asked: Asked, what: string][] = [
  [
    { durability: "always", diskFault: "early" },
    "A commit that is said to be done before its fsync",
  ],
  [{ durability: "always", diskFault: "forgetful" }, "A row that a crash takes along"],
  [{ durability: "interval", diskFault: "late" }, "A disk that is brought up to date too seldom"],
];

for (const [i, [asked, what]] of FAULTS.entries()) {
  // The first is found late: only one seed in many has what shows it.
  const test = i === 0 ? longTest : Deno.test;
  test(`${what} is found by the simulation`, () => {
    const seeds = Array.from({ length: 400 }, (_, seed) => seed);
    ok(seeds.some((seed) => run(seed, DEFAULT_STEPS, asked) !== undefined));
  });
}
