import { equal, ok } from "node:assert/strict";
import { ATTACKS } from "../hostile/attacks.ts";
import { hostileRun } from "../hostile/run.ts";
import { hasOpenssl } from "../../tasks/certs.ts";

const IS_POSSIBLE = Deno.build.os === "linux" && await hasOpenssl();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!IS_POSSIBLE) console.log("Skipped: the attack of all doors needs Linux and openssl");

Deno.test({
  name:
    "a few seconds of attack at every kind of listener leave nothing behind, and cost nobody a message",
  ignore: !IS_POSSIBLE,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const seed = Date.now() % 1_000_000;
    const { sieges, failures } = await hostileRun({
      seed,
      seconds: [5],
      floodBytes: 20 * 1024 * 1024,
      connectTimeoutSeconds: 2,
      sendTimeoutSeconds: 2,
      p99LimitMs: 2000,
    });
    equal(failures.join("; "), "", `Seed ${seed}: ${failures.join("; ")}`);
    for (const { name } of ATTACKS) ok(sieges[0]!.tally.get(name)!.size > 0, name);
  },
});
