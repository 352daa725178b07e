import type { Connection } from "./connection.ts";

/**
 * Leaves the packet that is being handled where it is, and stops the connection until access control has decided. Then the
 * packet is handled anew, and the same question gets its answer; so a handler asks before it changes anything.
 */
export function waitForDecision(connection: Connection): void {
  const { broker } = connection;
  connection.isStopped = true;
  connection.isPostponed = true;
  broker.ports.access.decided?.(connection.identity!, () => {
    if (connection.state === "closed") return;
    broker.beginTurn();
    connection.isStopped = false;
    broker.goOn(connection);
  });
}
