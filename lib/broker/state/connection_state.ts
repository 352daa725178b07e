import { InvariantError } from "../ground/invariant.ts";

/**
 * Where a connection stands.
 *
 * - `waiting`: nothing has come, or no whole CONNECT.
 * - `authenticating`: its CONNECT was read; it is checked, and access control is asked.
 * - `connected`: its CONNACK is on its way, and it has a client.
 * - `closed`: it is through. Its link still writes what it has.
 */
export type ConnectionState = "waiting" | "authenticating" | "connected" | "closed";

/** What moves a connection from state to state. */
export type ConnectionEvent = "connect" | "admit" | "close";

/** The machine. What is not in it cannot happen. */
export const TRANSITIONS: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionEvent, ConnectionState>>>>
> = {
  waiting: { connect: "authenticating", close: "closed" },
  authenticating: { admit: "connected", close: "closed" },
  connected: { close: "closed" },
  closed: {},
};

/** The state after the event; throws {@linkcode InvariantError} where the machine has no such transition. */
export function nextState(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  const next = TRANSITIONS[state][event];
  if (next === undefined) {
    throw new InvariantError(`Cannot ${event} a connection that is ${state}`);
  }
  return next;
}
