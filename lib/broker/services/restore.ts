import { deliverySizeBytes } from "../../session/mod.ts";
import { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { startExpiry } from "./lifecycle.ts";
import type { StoredSession, StoredState } from "../ground/ports.ts";
import { restoreWill } from "./wills.ts";

/** Puts back what a store remembers; what is due since then happens with the first tick. */
export function restore(core: Core, state: StoredState): void {
  for (const message of state.retained) core.retained.put(message);
  for (const stored of state.sessions) restoreSession(core, stored);
}

function restoreSession(core: Core, stored: StoredSession): void {
  const client = new Client({
    clientId: stored.clientId,
    userName: undefined,
    protocolVersion: 4,
    remoteAddress: "",
    listener: "",
  });
  client.isRestored = true;
  const { session } = client;
  session.expirySeconds = stored.expirySeconds;
  client.owner = stored.owner;
  if (stored.expirySeconds === 0) return restoreLost(core, client, stored);
  core.addClient(client);
  for (const subscription of stored.subscriptions) {
    session.subscribe(subscription);
    core.router.subscribe(client, subscription);
  }
  core.subscriptionBytes += session.subscriptionBytes;
  for (const { delivery, packetId, state } of stored.deliveries) {
    core.nextSequence = Math.max(core.nextSequence, delivery.sequence + 1);
    if (packetId > 0) session.sender.restore(packetId, delivery, state);
    else {
      session.queue.push(delivery);
      core.queuedCount++;
      core.queuedBytes += deliverySizeBytes(delivery);
    }
  }
  for (const packetId of stored.received) session.receiver.accept(packetId);
  if (stored.will !== undefined) restoreWill(core, client, stored.will);
  // A client that was connected when the process ended is away since now.
  const expiresAtMs = stored.expiresAtMs === Infinity
    ? core.nowMs + stored.expirySeconds * 1000
    : stored.expiresAtMs;
  // From here on its time runs, however often the process ends.
  if (expiresAtMs !== stored.expiresAtMs) {
    core.store?.putSession(stored.clientId, stored.expirySeconds, expiresAtMs, stored.owner);
  }
  startExpiry(core, client, expiresAtMs);
}

/** It was connected, and has left a will and no session. */
function restoreLost(core: Core, client: Client, { clientId, will }: StoredSession): void {
  if (will === undefined) return core.store?.deleteSession(clientId);
  core.lostClients.set(clientId, client);
  restoreWill(core, client, will);
}
