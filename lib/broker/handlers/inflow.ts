import type { Core } from "../core/core.ts";
import type { ConnectionRates } from "../ground/rate.ts";
import type { Connection } from "../state/connection.ts";

/** Whether a packet exceeds a rate limit: then its connection is stopped until the limit allows it. */
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

/** Gives back the rate of a packet that could not be handled yet: it counts when it is handled again. */
export function takeBack(rates: ConnectionRates, isPublish: boolean, sizeBytes: number): void {
  take(rates, isPublish, sizeBytes, -1);
}

/** Stops the connection for this time, because it or its address has sent more than the rate limit allows. */
export function stopFor(core: Core, connection: Connection, waitMs: number): void {
  const resume = () => core.resume(connection, "rate");
  connection.stops.stopUntil("rate", core.nowMs + waitMs, core.deadlines, resume);
}

function take(rates: ConnectionRates, isPublish: boolean, sizeBytes: number, times: number): void {
  for (const rate of rates.bytes) rate.take(sizeBytes * times);
  if (isPublish) { for (const rate of rates.publishes) rate.take(times); }
}
