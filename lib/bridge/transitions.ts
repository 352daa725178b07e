import type { BridgeState } from "./state.ts";

/** What takes a bridge from one state to another. */
export type BridgeEvent =
  /** It opens a stream. */
  | "dials"
  /** A remote broker has let it in: the first one, or the primary while another one served. */
  | "accepted"
  /** All addresses have failed, or the connection is lost: it tries again later. */
  | "gives_up"
  /** A lazy bridge has too little to send. */
  | "rests"
  /** It is stopped, or was to connect once. */
  | "ends";

/**
 * Where each event leads from each state. What is not here cannot happen: a connection is lost before the next one is begun, and what
 * has ended stays so.
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

/** The state behind the event. Throws where the event cannot happen in this one. */
export function stateAfter(state: BridgeState, event: BridgeEvent): BridgeState {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`Cannot follow "${event}": the bridge is ${state}`);
  return next;
}
