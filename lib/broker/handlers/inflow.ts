import type { Core } from "../core/core.ts";
import type { ConnectionRates } from "../ground/rate.ts";
import type { Connection } from "../state/connection.ts";

/** Whether a packet is too much for now: then its connection stops, and goes on when there is room for it. */
export function mustWait(
  core: Core,
  connection: Connection,
  rates: ConnectionRates,
  isPublish: boolean,
  sizeBytes: number,
): boolean {
  const { nowMs } = core;
  let waitMs = 0;
  for (const rate of rates.bytes) waitMs = Math.max(waitMs, rate.waitMs(nowMs));
  if (isPublish) {
    for (const rate of rates.publishes) waitMs = Math.max(waitMs, rate.waitMs(nowMs));
  }
  if (waitMs > 0) {
    stopFor(core, connection, waitMs);
    return true;
  }
  take(rates, isPublish, sizeBytes, 1);
  return false;
}

/** A packet that was let through is left where it is, and comes again: it counts then. */
export function takeBack(rates: ConnectionRates, isPublish: boolean, sizeBytes: number): void {
  take(rates, isPublish, sizeBytes, -1);
}

/** Reads nothing of the connection for so long: more came of it, or of its address, than may. */
export function stopFor(core: Core, connection: Connection, waitMs: number): void {
  const resume = () => core.resume(connection, "rate");
  connection.stops.stopUntil("rate", core.nowMs + waitMs, core.deadlines, resume);
}

function take(rates: ConnectionRates, isPublish: boolean, sizeBytes: number, times: number): void {
  for (const rate of rates.bytes) rate.take(sizeBytes * times);
  if (isPublish) { for (const rate of rates.publishes) rate.take(times); }
}
