import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import { dropUnreadable } from "./deliver.ts";
import { endForbidden } from "./end_subscription.ts";
import { disconnect } from "./lifecycle.ts";

/**
 * Disconnects clients for which `mayStay` returns false, and drops queued messages that their clients may not read any more. Where
 * access control ends subscriptions, who has lost one is disconnected too: nothing else tells a client of it.
 */
export function recheckAccess(core: Core, mayStay: (client: ClientIdentity) => boolean): void {
  const { checksTopics } = core.ports.access;
  for (const client of [...core.clients.values()]) {
    const { connection } = client;
    // Whose the session is that a restart has left is not known before its client is back.
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
