import type { Place } from "./place.ts";
import type { ClientStream } from "./stream.ts";
import { open } from "./transport.ts";

/** Clock, random numbers and network of a client. Tests replace them, so that they need not wait. */
export interface ClientPorts {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Calls `run` after so many milliseconds; the returned function cancels that. */
  setTimer(delayMs: number, run: () => void): () => void;
  /** Opens a stream; throws a `ClientError`. */
  open(place: Place, timeoutMs: number, signal: AbortSignal): Promise<ClientStream>;
}

/** Those of the system. */
export const SYSTEM_PORTS: ClientPorts = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  open,
};
