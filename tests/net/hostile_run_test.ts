import { equal, ok } from "node:assert/strict";
import { ATTACKS } from "../hostile/attacks.ts";
import { hostileRun } from "../hostile/run.ts";
import { isLeftOut } from "../support/long.ts";
import { hasOpenssl } from "../../tasks/certs.ts";

const IS_POSSIBLE = Deno.build.os === "linux" && await hasOpenssl();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!IS_POSSIBLE) console.log("Skipped: the attack of all doors needs Linux and openssl");

for (const seconds of [2, 5]) {
  const name =
    `${seconds} s of attack at every kind of listener leave nothing behind, and cost nobody a message`;
  const isLong = seconds > 2;
  Deno.test({
    name,
    ignore: !IS_POSSIBLE || isLong && isLeftOut(name),
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const seed = Date.now() % 1_000_000;
      const { sieges, failures } = await hostileRun({
        seed,
        seconds: [seconds],
        floodBytes: seconds * 4 * 1024 * 1024,
        connectTimeoutSeconds: 2,
        sendTimeoutSeconds: 2,
        p99LimitMs: 2000,
      });
      equal(failures.join("; "), "", `Seed ${seed}: ${failures.join("; ")}`);
      // In two seconds not every attack has its turn on a busy machine.
      for (const { name } of isLong ? ATTACKS : []) {
        ok(sieges[0]!.tally.get(name)!.size > 0, name);
      }
    },
  });
}
