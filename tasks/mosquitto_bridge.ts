// deno-lint-ignore-file no-console -- a command line tool
/**
 * Lets a real mosquitto bridge to the broker under load in both directions, in each version of MQTT that it supports, and kills either of
 * them repeatedly.
 *
 *     deno task mosquitto-bridge             10 times each
 *     deno task mosquitto-bridge --kills 2
 *
 * Exits with 1 if a message was lost, arrived twice at QoS 2, or returned to its origin.
 *
 * @module
 */
import { bridgeRounds } from "../tests/interop/mosquitto_bridge.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Kills a mosquitto that bridges to the broker, and the broker, under load.

  --kills COUNT  of each; default: 10`;

const { kills } = readFlags(USE, { kills: whole(10) });
for (const protocol of ["mqttv311", "mqttv50"] as const) {
  const startMs = performance.now();
  try {
    const result = await bridgeRounds({ protocol, kills });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    console.log(`${protocol}: each killed ${kills} times, ${seconds} s:`, result);
  } catch (error) {
    console.error(`${protocol}: a promise was broken:`);
    console.error(error);
    Deno.exit(1);
  }
}
