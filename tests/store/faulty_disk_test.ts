import { ok } from "node:assert/strict";
import { FaultyDisk } from "../crash/faulty_disk.ts";
import { crashRounds } from "../crash/rounds.ts";

const compiler = await FaultyDisk.compiler();
// deno-lint-ignore no-console -- a skipped test says why
if (compiler === undefined) console.log("Skipped: crashes on a bad disk (there is no C compiler)");

Deno.test({
  name:
    "8 rounds of kill -9 on a disk that is full, fails or is read-only now and then: what was acknowledged is there, and QoS 2 once",
  ignore: compiler === undefined,
  async fn() {
    const seed = Date.now() % 1_000_000;
    const result = await crashRounds({ rounds: 8, seed, isDiskFaulty: true }).catch((error) => {
      throw new Error(`Seed ${seed}: ${error.message}`, { cause: error });
    });
    for (const what of ["acknowledgedQos1", "acknowledgedQos2", "refused"] as const) {
      ok(result[what]! > 0, what);
    }
  },
});
