import type { LogPort } from "../broker/mod.ts";
import { nameOfPlace } from "./nats/place.ts";
import type { ClusterOptions } from "./options.ts";
import { Trouble } from "./trouble.ts";

const FIRST_RETRY_MS = 10;
/** How long after a failed try the next one comes, milliseconds, from the seventh on. */
export const RETRY_MS = 500;
/** The tries before one is worth a word: those of the first second, in which the connection is made. */
const QUIET_TRIES = 7;

/** Resolves after so many milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits before the next try, where `tries` came before the one that has failed: at first a moment, in which a connection is made. */
export function delayAfter(tries: number): Promise<void> {
  return delay(Math.min(FIRST_RETRY_MS * 2 ** tries, RETRY_MS));
}

/** Says from time to time, at first after a second, that the cluster's servers do not answer, or not as they should. */
export function waitingTold(
  log: LogPort,
  { places }: ClusterOptions,
): (tries: number, reason: string) => void {
  const servers = places.map(nameOfPlace).join(",");
  const nowMs = () => performance.now();
  const trouble = new Trouble(log, "The broker waits for its cluster", nowMs, { servers });
  return (tries, reason) => void (tries >= QUIET_TRIES && trouble.tell(reason));
}
