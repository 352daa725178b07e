import { equal, fail } from "node:assert/strict";
import { longTest } from "../support/long.ts";
import { runCluster } from "./cluster/run.ts";

/** Worlds that showed a fault of snapshots, and what it was. */
const FOUND: readonly (readonly [seed: number, fault: string])[] = [
  [4, "a new node's second record counted before its first where the log had been shortened"],
  [1723, "and so the same message was retained on some nodes alone"],
];
const STEPS = 60;
/** Seeds of the gate, and of a test. `deno task sim --cluster --snapshots` runs as many as one likes. */
const SEEDS = 80;
const SEEDS_PER_TEST = 40;

const run = (seed: number) => runCluster(seed, STEPS, 60, false, true);

for (const [seed, fault] of FOUND) {
  Deno.test(`A cluster with snapshots, seed ${seed}: ${fault}`, () => equal(run(seed), undefined));
}

for (let first = 0; first < SEEDS; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  longTest(
    `A cluster whose log is shortened, and whose nodes start from snapshots, keeps what it promises, seeds ${first} to ${last}`,
    () => {
      for (let seed = first; seed <= last; seed++) {
        const broken = run(seed);
        if (broken !== undefined) fail(broken);
      }
    },
  );
}
