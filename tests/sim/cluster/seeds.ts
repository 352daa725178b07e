import { fail } from "node:assert/strict";
import { runCluster } from "./run.ts";

/** What every world has to keep. */
export const PROMISES =
  "A cluster loses nothing acknowledged, repeats nothing of QoS 2, keeps the order, publishes wills once and is the same on all nodes";

/** Runs the worlds of these seeds, the last one included; fails with the first that breaks a promise. */
export function runClusterSeeds(first: number, last: number): void {
  for (let seed = first; seed <= last; seed++) {
    const broken = runCluster(seed);
    if (broken !== undefined) fail(broken);
  }
}
