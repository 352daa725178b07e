import { InvariantError } from "../ground/invariant.ts";

/**
 * The state of a connection.
 *
 * - `waiting`: no complete CONNECT was received yet.
 * - `authenticating`: its CONNECT was read; it is checked, and access control is asked.
 * - `connected`: its CONNACK is on its way, and it has a client.
 * - `closed`: the connection has ended. Its link still writes what is buffered.
 */
export type ConnectionState = "waiting" | "authenticating" | "connected" | "closed";

/** The events that change the state. */
export type ConnectionEvent = "connect" | "admit" | "close";

/** The state machine. A transition that is not listed is a fault in the broker. */
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
