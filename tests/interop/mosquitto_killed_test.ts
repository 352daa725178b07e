import { ok } from "node:assert/strict";
import { mosquittoCrashRounds } from "../crash/mosquitto_rounds.ts";
import { hasMosquitto } from "../support/mosquitto_broker.ts";
import { isLeftOut } from "../support/long.ts";
import { STANDS } from "../support/stands.ts";

for (const { suffix, isCluster } of STANDS) {
  const name =
    `A mosquitto that is killed with -9 behind a bridge loses what it has acknowledged, and the bridge nothing${suffix}`;
  Deno.test({
    name,
    ignore: !hasMosquitto || isLeftOut(name),
    async fn() {
      const { sent } = await mosquittoCrashRounds({ rounds: 4, seed: 1, isCluster });
      ok(sent > 40, `${sent} messages are no load`);
    },
  });
}
