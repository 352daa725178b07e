import type { BridgeState } from "./state.ts";

/** The events that change the state of a bridge. */
export type BridgeEvent =
  /** It opens a stream. */
  | "dials"
  /** A remote broker has accepted it: the first one, or the primary while another one was connected. */
  | "accepted"
  /** All addresses have failed, or the connection is lost; it tries again later. */
  | "gives_up"
  /** A lazy bridge has too few messages to send. */
  | "rests"
  /** It is stopped, or was to connect once. */
  | "ends";

/**
 * The next state for each state and event. Combinations that are missing cannot happen: a connection is lost before the next one begins,
 * and a bridge that has ended stays so.
 */
export const TRANSITIONS: Readonly<
  Record<BridgeState, Readonly<Partial<Record<BridgeEvent, BridgeState>>>>
> = {
  connecting: {
    dials: "connecting",
    accepted: "connected",
    gives_up: "waiting",
    rests: "idle",
    ends: "ended",
  },
  connected: { accepted: "connected", gives_up: "waiting", rests: "idle", ends: "ended" },
  waiting: { dials: "connecting", ends: "ended" },
  idle: { dials: "connecting", ends: "ended" },
  ended: { ends: "ended" },
};

/** The state after the event. Throws if the event cannot happen in this state. */
export function stateAfter(state: BridgeState, event: BridgeEvent): BridgeState {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`Cannot follow "${event}": the bridge is ${state}`);
  return next;
}
