import { fail } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { BRIDGE_STEPS, runBridge } from "./bridge/run.ts";

/** Runs of the gate: steps of each, seeds, and seeds of a test. `deno task sim -- --bridge` runs as many as one likes. */
const RUNS = [
  { steps: BRIDGE_STEPS, from: 0, to: 120, seedsPerTest: 40 },
  // A short run costs a quarter, and meets two or three crashes and cuts all the same.
  { steps: 16, from: 120, to: 2000, seedsPerTest: 470 },
] as const;

for (const { steps, from, to, seedsPerTest } of RUNS) {
  for (let first = from; first < to; first += seedsPerTest) {
    const last = first + seedsPerTest - 1;
    const test = first === from ? Deno.test : longTest;
    test(
      `A bridge between two brokers loses nothing, repeats nothing of QoS 2, keeps the order and echoes nothing, whoever crashes, ${steps} steps, seeds ${first} to ${last}`,
      () => {
        for (let seed = first; seed <= last; seed++) {
          const broken = runBridge(seed, steps);
          if (broken !== undefined) fail(broken);
        }
      },
    );
  }
}
