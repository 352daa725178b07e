import type { Core } from "../core/core.ts";
import type { Connection } from "../state/connection.ts";

/**
 * Leaves the current packet in the buffer, and stops the connection until access control has decided. Then the packet is handled
 * again, and the same question has an answer; so a handler must ask before it changes anything.
 */
export function waitForDecision(core: Core, connection: Connection): void {
  connection.isPostponed = true;
  waitForAnswer(core, connection);
}

/** Stops the connection until access control has decided. */
export function waitForAnswer(core: Core, connection: Connection): void {
  connection.stops.stop("decision");
  core.ports.access.decided?.(connection.identity!, () => {
    core.beginTurn();
    core.resumeInTurn(connection, "decision");
  });
}
