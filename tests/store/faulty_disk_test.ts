import { ok } from "node:assert/strict";
import { FaultyDisk } from "../crash/faulty_disk.ts";
import { crashRounds } from "../crash/rounds.ts";
import { isLeftOut } from "../support/long.ts";

const compiler = await FaultyDisk.compiler();
// deno-lint-ignore no-console -- a skipped test says why
if (compiler === undefined) console.log("Skipped: crashes on a bad disk (there is no C compiler)");

for (const rounds of [4, 8]) {
  const name =
    `${rounds} rounds of kill -9 on a disk that is full, fails or is read-only now and then: what was acknowledged is there, and QoS 2 once`;
  const isLong = rounds > 4;
  Deno.test({
    name,
    ignore: compiler === undefined || isLong && isLeftOut(name),
    async fn() {
      const seed = Date.now() % 1_000_000;
      const result = await crashRounds({ rounds, seed, isDiskFaulty: true }).catch((error) => {
        throw new Error(`Seed ${seed}: ${error.message}`, { cause: error });
      });
      ok(result.acknowledgedQos1 > 0);
      ok(result.acknowledgedQos2 > 0);
      // In two rounds everything may have come when the disk was sound.
      if (isLong) ok(result.refused! > 0);
    },
  });
}
