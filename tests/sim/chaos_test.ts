import { fail, notEqual } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Durability } from "./store.ts";

/** One call in so many throws: as seldom as a fault is, and so often that several come together. */
const RATES: readonly [oneIn: number, seeds: number][] = [[10_000, 100], [300, 100]];

for (const durability of ["none", "always", "interval"] as (Durability | "none")[]) {
  for (const [chaosOneIn, seeds] of RATES) {
    const isShort = durability === "always" && chaosOneIn === 300;
    const test = isShort ? Deno.test : longTest;
    test(`One call in ${chaosOneIn} throws, durability ${durability}: nobody else notices, nothing acknowledged is lost uncounted, no count drifts`, () => {
      let faults = 0;
      const onFaults = (count: number) => void (faults += count);
      for (let seed = 0; seed < seeds; seed++) {
        const failure = run(seed, DEFAULT_STEPS, { durability, chaosOneIn, onFaults });
        if (failure !== undefined) fail(explain(failure));
      }
      notEqual(faults, 0, "something has thrown");
    });
  }
}
