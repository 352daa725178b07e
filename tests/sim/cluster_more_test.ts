import { PLAIN, testMoreSeeds } from "./cluster/seeds.ts";

testMoreSeeds(PLAIN, 200, 1100, 150);
