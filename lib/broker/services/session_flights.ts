import type { InFlight } from "../../session/mod.ts";
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
  sortFlights(client);
  for (const goOn of copy.waiting.splice(0)) goOn();
}

/**
 * What is in flight from the log is sent again in the order of the log, in which it was sent. [MQTT-4.6.0-1] This node may have had a part of it
 * in flight before the session was another node's, and heard of the rest in between.
 */
function sortFlights({ session: { sender } }: Client): void {
  const all = [...sender.values()];
  const logged = all.filter(isInOrder);
  const sorted = logged.toSorted((a, b) => placeOf(a) - placeOf(b));
  if (sorted.every((inFlight, i) => inFlight === logged[i])) return;
  let next = 0;
  const order = all.map((inFlight) => isInOrder(inFlight) ? sorted[next++]! : inFlight);
  for (const inFlight of all) sender.discard(inFlight);
  for (const { packetId, delivery, state } of order) sender.restore(packetId, delivery, state);
}

/** PUBRELs have an order of their own, and members of a shared subscription get messages as these come to them. */
function isInOrder({ state, delivery: { share, message: { logId = 0 } } }: InFlight): boolean {
  return state === "published" && share === undefined && logId > 0;
}

function placeOf({ delivery: { message: { logId = 0 } } }: InFlight): number {
  return logId;
}
