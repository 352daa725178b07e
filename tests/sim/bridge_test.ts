import { fail } from "node:assert/strict";
import { BRIDGE_STEPS, runBridge } from "./bridge/run.ts";

/** What the gate has time for; `deno task sim -- --bridge` runs as many as one likes. */
const SEEDS = 120;
const SEEDS_PER_TEST = 40;

for (let from = 0; from < SEEDS; from += SEEDS_PER_TEST) {
  const to = from + SEEDS_PER_TEST - 1;
  Deno.test(
    `A bridge between two brokers loses nothing, repeats nothing of QoS 2, keeps the order and echoes nothing, whoever crashes, seeds ${from} to ${to}`,
    () => {
      for (let seed = from; seed <= to; seed++) {
        const broken = runBridge(seed, BRIDGE_STEPS);
        if (broken !== undefined) fail(broken);
      }
    },
  );
}
