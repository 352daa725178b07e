// deno-lint-ignore-file no-console -- a command line tool
/**
 * Kills the broker repeatedly while clients work with it, and compares what they find afterwards with what they were promised.
 *
 *     deno task crash                        200 rounds, a new seed
 *     deno task crash --rounds 20 --seed 7   a seed repeats only the clients; the moments of the kills vary
 *     deno task crash --disk                 the disk is full, fails or is read-only now and then
 *     deno task crash --bridge --far mosquitto   two brokers with a bridge between them, of which either is killed
 *
 * Exits with 1 when a promise was broken.
 *
 * @module
 */
import { bridgeCrashRounds } from "../tests/crash/bridge_rounds.ts";
import { mosquittoCrashRounds } from "../tests/crash/mosquitto_rounds.ts";
import { crashRounds } from "../tests/crash/rounds.ts";
import { readFlags, whole } from "./flags.ts";

const USE =
  `Kills the broker again and again while clients work with it, and holds it to its promises.

  --rounds COUNT  default: 200
  --bridge        two brokers with a bridge between them, of which either is killed
  --disk          the disk is full, fails or is read-only now and then, and recovers; needs a C compiler
  --far BROKER    on the other side of the bridge: flux, mosquitto, which stays alive, or mosquitto-killed, which is the one that is
                  killed, and whose losses are told from ours; default: flux
  --seed NUMBER   of what the clients do; default: a new one`;

const { rounds, seed, bridge, disk, far } = readFlags(USE, {
  rounds: whole(200),
  bridge: false,
  disk: false,
  far: "flux",
  seed: whole(Date.now() % 1_000_000, 0),
});
console.log(`${rounds} rounds, seed ${seed}`);
const startMs = performance.now();
let round = 0;
try {
  const init = {
    rounds,
    seed,
    onRound(done: number) {
      round = done;
      if (done % 20 === 0) console.log(`${done} rounds`);
    },
  };
  const result = bridge && far === "mosquitto-killed"
    ? await mosquittoCrashRounds(init)
    : bridge
    ? await bridgeCrashRounds({ ...init, far: far === "mosquitto" ? far : "flux" })
    : await crashRounds({ ...init, isDiskFaulty: disk });
  console.log(`All promises kept, ${((performance.now() - startMs) / 1000).toFixed(0)} s:`);
  for (const [what, count] of Object.entries(result)) {
    console.log(`  ${what}: ${typeof count === "object" ? JSON.stringify(count) : count}`);
  }
} catch (error) {
  console.error(`A promise was broken in round ${round + 1}:`);
  console.error(error);
  Deno.exit(1);
}
