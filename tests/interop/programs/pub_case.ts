import { strict as assert } from "node:assert";
import type { Qos } from "../../../lib/codec/mod.ts";
import { gist, type RunInit, type Stage, type VersionFlag } from "./stage.ts";

/** A case of `pub` that each version must pass: its flags but the way to the broker, and what a subscriber gets. */
export interface PubCase {
  readonly flags: readonly string[];
  /** Payloads. */
  readonly heard: readonly string[];
  /** The subscriber's QoS; default: 0. */
  readonly qos?: Qos;
  readonly way?: readonly string[];
  readonly init?: RunInit;
  /** Whether mosquitto_pub 2.0 has these flags; default: true. */
  readonly isKnown?: boolean;
  /** Fewer than all, where each needs a process of its own. */
  readonly versions?: readonly VersionFlag[];
}

/** The topic of every case. */
export const TOPIC = ["-t", "03/pub"];

/** Tries a case in each version, as both commands. */
export async function tryInEach(stage: Stage, test: PubCase): Promise<void> {
  const { flags, heard, qos = 0, way = stage.way, init, isKnown = true, versions } = test;
  const expected = heard.map((text) => ({ topicName: "03/pub", text, qos, retain: false }));
  await stage.inEach((flag, version) =>
    stage.asBoth(async (actor) => {
      const running = () => actor("pub", [...way, "-V", flag, ...flags], init);
      const packets = await stage.heard(running, heard.length, qos, version);
      assert.deepEqual(packets.map(gist), expected, flag);
    }, isKnown), versions);
}
