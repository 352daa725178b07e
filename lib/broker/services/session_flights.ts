import type { Core } from "../core/core.ts";
import type { Client } from "../state/connection.ts";
import type { SessionCopy } from "../state/session_copy.ts";
import { releaseStandIns } from "./unlogged_flights.ts";

/** Whoever waits for what is in flight by the log goes on, where all of it is read, or nothing is left to read. */
export function endWaiting(core: Core, client: Client, copy: SessionCopy): void {
  if (copy.waiting.length === 0) return;
  if (copy.flights.size > 0 && client.session.queue.tail !== undefined) return;
  copy.flights.clear();
  releaseStandIns(core, client);
  for (const goOn of copy.waiting.splice(0)) goOn();
}
