import { ok } from "node:assert/strict";
import { crashRounds } from "../crash/rounds.ts";
import { longTest } from "../support/long.ts";

longTest(
  "20 rounds of kill -9: what was acknowledged is there, in order, and QoS 2 once",
  async () => {
    const seed = Date.now() % 1_000_000;
    const result = await crashRounds({ rounds: 20, seed }).catch((error) => {
      throw new Error(`Seed ${seed}: ${error.message}`, { cause: error });
    });
    for (const [what, count] of Object.entries(result)) ok(count > 0, what);
  },
);
