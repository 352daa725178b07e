import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { evictSlowest } from "./watch.ts";

/** Publishers are read again when the buffered bytes have fallen to this share of the limit. */
const RELIEVED = 0.75;
/** When to check again if nothing else wakes the broker, milliseconds. */
const LOOK_AGAIN_MS = 100;

/** Stops reading the connection until fewer bytes are buffered. */
export function throttle(core: Core, connection: Connection): void {
  if (connection.state === "closed") return;
  connection.stops.stop("congestion");
  core.congestion.throttled.add(connection);
  evictSlowest(core);
}

/** Resumes publishers if there is room. `closeLinks` frees the bytes that evicted clients had not read. */
export function relieve(core: Core): void {
  const { congestion, options, ports, nowMs } = core;
  if (congestion.throttled.size === 0) return;
  const { maxBufferedBytes } = options;
  const enoughBytes = maxBufferedBytes === 0 ? Infinity : maxBufferedBytes * RELIEVED;
  if (congestion.bufferedBytes > enoughBytes) {
    // Disconnect the slowest client to make room, and check again soon, in case no write completes.
    evictSlowest(core);
    core.closeLinks();
    ports.wake(nowMs + LOOK_AGAIN_MS);
    if (congestion.bufferedBytes > enoughBytes) return;
  }
  const waiting = [...congestion.throttled];
  congestion.throttled.clear();
  for (const connection of waiting) core.resume(connection, "congestion");
}
