import { subscriptionSizeBytes } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { Service, STEPS } from "../core/work.ts";

/**
 * Removes the subscriptions of ended sessions from the router, as many as there is time for in this turn: a session may have had a hundred
 * thousand, and other clients must not wait for its end. They count against the limits until they are removed, because they take memory.
 */
export function dismantle(core: Core): void {
  const { dismantling, router, work } = core;
  if (dismantling.length === 0 || !work.mayServe(Service.dismantle)) return;
  // Remove some even when the turn is over: otherwise clients that fill every turn could keep their old subscriptions in memory.
  work.beginPart();
  for (let ended = dismantling[0]; ended !== undefined; ended = dismantling[0]) {
    for (;;) {
      if (work.isPartOver) return;
      const { value, done } = ended.filters.next();
      if (done === true) break;
      router.unsubscribe(ended.client, value);
      core.subscriptionBytes -= subscriptionSizeBytes(value);
      work.spend(STEPS.dismantled);
    }
    dismantling.shift();
    // Cached routes are invalid now, and would keep the client in memory with everything that it had in flight.
    if (ended.client.session.subscriptions.size > 0) router.clearRoutes();
  }
}
