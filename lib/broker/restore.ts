import type { Broker } from "./broker.ts";
import { Client } from "./client.ts";
import { startExpiry } from "./lifecycle.ts";
import { delayWill } from "./wills.ts";
import { deliverySizeBytes } from "../session/mod.ts";
import type { StoredSession, StoredState } from "./ports.ts";

/** Puts back what a store remembers; what is due since then happens with the first tick. */
export function restore(broker: Broker, state: StoredState): void {
  for (const message of state.retained) broker.retained.put(message);
  for (const stored of state.sessions) restoreSession(broker, stored);
}

function restoreSession(broker: Broker, stored: StoredSession): void {
  const client = new Client(broker, {
    clientId: stored.clientId,
    userName: undefined,
    protocolVersion: 4,
    remoteAddress: "",
    listener: "",
  });
  client.isRestored = true;
  const { session } = client;
  session.expirySeconds = stored.expirySeconds;
  broker.clients.set(stored.clientId, client);
  for (const subscription of stored.subscriptions) {
    session.subscribe(subscription);
    broker.router.subscribe(client, subscription);
  }
  for (const { delivery, packetId, state } of stored.deliveries) {
    broker.nextSequence = Math.max(broker.nextSequence, delivery.sequence + 1);
    if (packetId > 0) session.sender.restore(packetId, delivery, state);
    else {
      session.queue.push(delivery);
      broker.queuedBytes += deliverySizeBytes(delivery);
    }
  }
  for (const packetId of stored.received) session.receiver.accept(packetId);
  if (stored.will !== undefined) delayWill(broker, client, stored.will.will, stored.will.dueAtMs);
  // A client that was connected when the process ended is away since now.
  const expiresAtMs = stored.expiresAtMs === Infinity
    ? broker.nowMs + stored.expirySeconds * 1000
    : stored.expiresAtMs;
  // From here on its time runs, however often the process ends.
  if (expiresAtMs !== stored.expiresAtMs) {
    broker.store?.putSession(stored.clientId, stored.expirySeconds, expiresAtMs);
  }
  startExpiry(broker, client, expiresAtMs);
}
