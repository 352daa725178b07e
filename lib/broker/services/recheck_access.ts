import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import { dropUnreadable } from "./deliver.ts";
import { endForbidden } from "./subscriptions.ts";
import { disconnect } from "./lifecycle.ts";

/**
 * Disconnects clients for which `mayStay` returns false, and drops queued messages that their clients may no longer read. If access control
 * ends subscriptions, a client that has lost one is disconnected too, because nothing else tells it.
 */
export function recheckAccess(core: Core, mayStay: (client: ClientIdentity) => boolean): void {
  const { checksTopics } = core.ports.access;
  for (const client of [...core.clients.values()]) {
    const { connection } = client;
    // The user of a restored session is unknown before its client is back.
    const hasLost = checksTopics && !client.isRestored && endForbidden(core, client) > 0;
    if (
      connection !== null && !client.identity.isBridge && (hasLost || !mayStay(client.identity))
    ) {
      const reason = { reasonCode: ReasonCode.NotAuthorized, message: "Rights were taken away" };
      disconnect(core, connection, reason);
    }
    if (checksTopics && !client.isRestored) dropUnreadable(core, client);
  }
}
