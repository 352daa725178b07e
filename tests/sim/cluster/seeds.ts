import { fail } from "node:assert/strict";
import { runCluster } from "./run.ts";

/** What every world has to keep. */
export const PROMISES =
  "A cluster loses nothing acknowledged, repeats nothing of QoS 2, keeps the order, publishes wills once and is the same on all nodes";

/** What worlds with a shared subscription have to keep beside that. */
export const SHARE_PROMISES =
  "A shared subscription of a cluster loses nothing acknowledged of QoS 1 and repeats nothing of QoS 2";
const SHARE_STEPS = 60;

/**
 * Runs the worlds of these seeds, the last one included; fails with the first that breaks a promise. `hasShare`: clients have a shared
 * subscription.
 */
export function runClusterSeeds(first: number, last: number, hasShare = false): void {
  for (let seed = first; seed <= last; seed++) {
    const broken = hasShare ? runCluster(seed, SHARE_STEPS, SHARE_STEPS, true) : runCluster(seed);
    if (broken !== undefined) fail(broken);
  }
}
