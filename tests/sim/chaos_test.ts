import { fail } from "node:assert/strict";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Durability } from "./store.ts";

const ONE_IN = 10_000;
const SEEDS = 100;

for (const durability of ["none", "always", "interval"] as (Durability | "none")[]) {
  Deno.test(`One call in ${ONE_IN} throws, durability ${durability}: nobody else notices, nothing acknowledged is lost uncounted, no count drifts`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const failure = run(seed, DEFAULT_STEPS, { durability, chaosOneIn: ONE_IN });
      if (failure !== undefined) fail(explain(failure));
    }
  });

  Deno.test(`One call in 300 throws, durability ${durability}`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const failure = run(seed, DEFAULT_STEPS, { durability, chaosOneIn: 300 });
      if (failure !== undefined) fail(explain(failure));
    }
  });
}
