import { ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import type { ClientIdentity } from "../ground/ports.ts";
import { dropUnreadable } from "./deliver.ts";
import { disconnect } from "./lifecycle.ts";

/** Disconnects clients for which `mayStay` returns false, and drops queued messages that their clients may not read any more. */
export function recheckAccess(core: Core, mayStay: (client: ClientIdentity) => boolean): void {
  const { checksTopics } = core.ports.access;
  for (const client of [...core.clients.values()]) {
    const { connection } = client;
    if (connection !== null && !client.identity.isBridge && !mayStay(client.identity)) {
      const reason = { reasonCode: ReasonCode.NotAuthorized, message: "Rights were taken away" };
      disconnect(core, connection, reason);
    }
    if (checksTopics && !client.isRestored) dropUnreadable(core, client);
  }
}
