import type { Place } from "./place.ts";
import type { ClientStream } from "./stream.ts";
import { open } from "./transport.ts";

/** What a client takes from the world around: tests give it others, and wait for nothing. */
export interface ClientPorts {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Calls `run` after so many milliseconds; returns what cancels that. */
  setTimer(delayMs: number, run: () => void): () => void;
  /** Opens a stream; throws a `ClientError`. */
  open(place: Place, timeoutMs: number, signal: AbortSignal): Promise<ClientStream>;
}

/** The world as it is. */
export const SYSTEM_PORTS: ClientPorts = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  open,
};
