import { testSeeds } from "./seeds.ts";

testSeeds("always", 0, 1000);
