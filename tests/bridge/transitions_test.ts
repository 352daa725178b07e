import { equal, throws } from "node:assert/strict";
import { type BridgeEvent, stateAfter } from "../../lib/bridge/transitions.ts";
import type { BridgeState } from "../../lib/bridge/mod.ts";

const EVENTS: readonly BridgeEvent[] = ["dials", "accepted", "gives_up", "rests", "ends"];
/** What is behind each event, in the order of `EVENTS`; `""`: it cannot happen. */
const ROWS: readonly [state: BridgeState, ...behind: readonly (BridgeState | "")[]][] = [
  ["connecting", "connecting", "connected", "waiting", "idle", "ended"],
  ["connected", "", "connected", "waiting", "idle", "ended"],
  ["waiting", "connecting", "", "", "", "ended"],
  ["idle", "connecting", "", "", "", "ended"],
  ["ended", "", "", "", "", "ended"],
];

for (const [state, ...behind] of ROWS) {
  for (const [i, event] of EVENTS.entries()) {
    const next = behind[i]!;
    Deno.test(`A bridge that is ${state} and ${event} is ${next || "at fault"}`, () => {
      if (next === "") throws(() => stateAfter(state, event), /Cannot follow/);
      else equal(stateAfter(state, event), next);
    });
  }
}
