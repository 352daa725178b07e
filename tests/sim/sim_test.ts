import { fail } from "node:assert/strict";
import { DEFAULT_STEPS, explain, run } from "./run.ts";

/** Seeds in the gate, in tests of so many each. */
const SEEDS = 2000;
const SEEDS_PER_TEST = 250;

for (let from = 0; from < SEEDS; from += SEEDS_PER_TEST) {
  const to = from + SEEDS_PER_TEST - 1;
  Deno.test(`The broker keeps its promises to simulated clients, seeds ${from} to ${to}`, () => {
    for (let seed = from; seed <= to; seed++) {
      const failure = run(seed, DEFAULT_STEPS);
      if (failure !== undefined) fail(explain(failure));
    }
  });
}
