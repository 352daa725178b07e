import type { Core } from "../core/core.ts";
import { STEPS } from "../core/work.ts";

/**
 * Takes the subscriptions of sessions that are over out of the router, as many as there is time for in this turn: a session may have
 * had a hundred thousand, and others do not wait for its end.
 */
export function dismantle({ dismantling, router, work }: Core): void {
  for (let ended = dismantling[0]; ended !== undefined; ended = dismantling[0]) {
    for (;;) {
      if (work.isTurnOver) return;
      const { value, done } = ended.filters.next();
      if (done === true) break;
      router.unsubscribe(ended.client, value);
      work.spend(STEPS.filter);
    }
    dismantling.shift();
  }
}
