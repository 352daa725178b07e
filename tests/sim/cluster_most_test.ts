import { PLAIN, testMoreSeeds } from "./cluster/seeds.ts";

testMoreSeeds(PLAIN, 1100, 2000, 150);
