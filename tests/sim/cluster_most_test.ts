import { longTest } from "../support/long.ts";
import { PROMISES, runClusterSeeds } from "./cluster/seeds.ts";

const SEEDS_PER_TEST = 150;

for (let first = 1100; first < 2000; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  longTest(`${PROMISES}, seeds ${first} to ${last}`, () => runClusterSeeds(first, last));
}
