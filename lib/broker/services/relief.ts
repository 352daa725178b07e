import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { evictSlowest } from "./watch.ts";

/** Publishers are read again when what is buffered has come down to this part of the limit. */
const RELIEVED = 0.75;
/** When to look again where nothing else would, milliseconds. */
const LOOK_AGAIN_MS = 100;

/** The connection is not read until what is buffered is less. */
export function throttle(core: Core, connection: Connection): void {
  if (connection.state === "closed") return;
  connection.stops.stop("congestion");
  core.congestion.throttled.add(connection);
  evictSlowest(core);
}

/** Reads publishers again if there is room; `closeLinks` lets go of what evicted clients had before them. */
export function relieve(core: Core): void {
  const { congestion, options, ports, nowMs } = core;
  if (congestion.throttled.size === 0) return;
  const { maxBufferedBytes } = options;
  const enoughBytes = maxBufferedBytes === 0 ? Infinity : maxBufferedBytes * RELIEVED;
  if (congestion.bufferedBytes > enoughBytes) {
    // Somebody must make room: looked at again soon, should nobody's writes.
    evictSlowest(core);
    core.closeLinks();
    ports.wake(nowMs + LOOK_AGAIN_MS);
    if (congestion.bufferedBytes > enoughBytes) return;
  }
  const waiting = [...congestion.throttled];
  congestion.throttled.clear();
  for (const connection of waiting) core.resume(connection, "congestion");
}
