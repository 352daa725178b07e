import { testSeeds } from "./seeds.ts";

testSeeds("always", 1000, 2000);
