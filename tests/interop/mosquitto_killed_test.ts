import { ok } from "node:assert/strict";
import { mosquittoCrashRounds } from "../crash/mosquitto_rounds.ts";
import { hasMosquitto } from "../support/mosquitto_broker.ts";

Deno.test({
  name:
    "A mosquitto that is killed with -9 behind a bridge loses what it has acknowledged, and the bridge nothing",
  ignore: !hasMosquitto,
  async fn() {
    const { sent } = await mosquittoCrashRounds({ rounds: 4, seed: 1 });
    ok(sent > 40, `${sent} messages are no load`);
  },
});
