import { fail } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { BRIDGE_STEPS, runBridge } from "./bridge/run.ts";

/** Seeds that are run. */
interface Run {
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  readonly seedsPerTest: number;
  /** Default: they may be left out. */
  readonly isAlwaysRun?: boolean;
}

/** Runs of the gate: steps of each, seeds, and seeds of a test. `deno task sim -- --bridge` runs as many as one likes. */
const RUNS: readonly Run[] = [
  { steps: BRIDGE_STEPS, from: 0, to: 15, seedsPerTest: 15, isAlwaysRun: true },
  { steps: BRIDGE_STEPS, from: 15, to: 120, seedsPerTest: 35 },
  // A short run costs a quarter, and meets two or three crashes and cuts all the same.
  { steps: 16, from: 120, to: 160, seedsPerTest: 40, isAlwaysRun: true },
  { steps: 16, from: 160, to: 2000, seedsPerTest: 460 },
];

for (const { steps, from, to, seedsPerTest, isAlwaysRun = false } of RUNS) {
  for (let first = from; first < to; first += seedsPerTest) {
    const last = first + seedsPerTest - 1;
    const test = isAlwaysRun ? Deno.test : longTest;
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
