import { fail, notEqual } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { DEFAULT_STEPS, explain, run } from "./run.ts";
import type { Durability } from "./store.ts";

/** One call in so many throws: as seldom as a fault is, and so often that several come together. */
const RATES: readonly (readonly [oneIn: number, seeds: number])[] = [[10_000, 100], [300, 100]];
/** The seeds of the one durability and rate that always run. */
const SHORT_SEEDS = 15;

for (const durability of ["none", "always", "interval"] as const) {
  for (const [oneIn, seeds] of RATES) {
    if (durability !== "always" || oneIn !== 300) {
      testChaos(longTest, durability, oneIn, 0, seeds);
      continue;
    }
    testChaos(Deno.test, durability, oneIn, 0, SHORT_SEEDS);
    testChaos(longTest, durability, oneIn, SHORT_SEEDS, seeds);
  }
}

function testChaos(
  test: typeof longTest,
  durability: Durability | "none",
  chaosOneIn: number,
  from: number,
  end: number,
): void {
  test(
    `One call in ${chaosOneIn} throws, durability ${durability}, seeds ${from} to ${
      end - 1
    }: nobody else notices, nothing acknowledged is lost uncounted, no count drifts`,
    () => {
      let faults = 0;
      const onFaults = (count: number) => void (faults += count);
      for (let seed = from; seed < end; seed++) {
        const failure = run(seed, DEFAULT_STEPS, { durability, chaosOneIn, onFaults });
        if (failure !== undefined) fail(explain(failure));
      }
      notEqual(faults, 0, "something has thrown");
    },
  );
}
