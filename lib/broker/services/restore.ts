import { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { parseTopicFilter } from "../../topic/mod.ts";
import { splitOwner } from "../ground/owner.ts";
import { SessionCopy } from "../state/session_copy.ts";
import { KEPT_SECONDS, startExpiry } from "./lifecycle.ts";
import type { StoredSession, StoredState } from "../ground/ports.ts";
import { readAhead } from "./queue_tail.ts";
import { keepUntil, settleHeld } from "./shared_sessions.ts";
import { standsForLogged } from "./unlogged_flights.ts";
import { restoreWill } from "./wills.ts";

/** Restores the contents of the store. Deadlines that have passed are called with the first tick. */
export function restore(core: Core, state: StoredState): void {
  for (const message of state.retained) core.retained.put(message);
  for (const { topicNames, sizesBytes } of state.retainedNames ?? []) {
    topicNames.forEach((topicName, i) => core.retained.putApart(topicName, sizesBytes[i]!));
  }
  core.nextSequence = Math.max(core.nextSequence, state.nextSequence ?? 0);
  for (const delivery of state.shared ?? []) core.cluster?.restoredShared(delivery);
  const invalid = { count: 0 };
  for (const stored of state.sessions) restoreSession(core, stored, invalid);
  if (invalid.count === 0) return;
  core.ports.log.error(
    "Stored subscriptions are left out: what they have is no Topic Filter",
    invalid,
  );
}

/** Counts invalid subscriptions: a damaged or hostile store must not keep the broker from starting. */
interface Invalid {
  count: number;
}

function restoreSession(core: Core, stored: StoredSession, invalid: Invalid): void {
  const client = Client.restored(stored.clientId);
  const { session } = client;
  session.expirySeconds = stored.expirySeconds;
  const { owner, home } = splitOwner(stored.owner);
  client.owner = owner;
  if (stored.expirySeconds === 0) return restoreLost(core, client, stored);
  if (stored.expirySeconds <= KEPT_SECONDS) return endKept(core, client, stored);
  core.addClient(client);
  if (home !== undefined) restoreHome(core, client, home, stored);
  restoreSubscriptions(core, client, stored, invalid);
  restoreDeliveries(core, client, stored);
  for (const packetId of stored.received) session.receiver.accept(packetId);
  if (client.copy !== null) {
    settleHeld(core, client, client.copy);
    // What is done with may be in the store alone, and nobody may speak of this session again for long.
    if (client.copy.floor > 0 && session.queue.heldLength === 0) readAhead(core, client);
    client.copy.will = stored.will;
    return keepUntil(core, client, stored.expiresAtMs);
  }
  if (stored.will !== undefined) restoreWill(core, client, stored.will);
  restoreExpiry(core, client, stored);
}

function restoreSubscriptions(
  core: Core,
  client: Client,
  { subscriptions }: StoredSession,
  invalid: Invalid,
): void {
  const { session } = client;
  for (const subscription of subscriptions) {
    if (parseTopicFilter(subscription.topicFilter) === undefined) {
      invalid.count++;
      continue;
    }
    session.subscribe(subscription);
    core.router.subscribe(client, subscription);
  }
  core.subscriptionBytes += session.subscriptionBytes;
}

function restoreExpiry(core: Core, client: Client, stored: StoredSession): void {
  const { owner } = client;
  // A client that was connected when the process ended counts as disconnected from now on.
  const expiresAtMs = stored.expiresAtMs === Infinity
    ? core.nowMs + stored.expirySeconds * 1000
    : stored.expiresAtMs;
  // Store the expiry now, so that it does not start again each time the process is restarted.
  if (expiresAtMs !== stored.expiresAtMs) {
    core.store?.putSession(stored.clientId, stored.expirySeconds, expiresAtMs, owner);
  }
  startExpiry(core, client, expiresAtMs);
}

/**
 * The session belongs to a node of the cluster, this one or another. Until the log is read nobody knows whether it still does, so it is kept as
 * another's: its will is not published, and it does not end yet.
 */
function restoreHome(
  { cluster }: Core,
  client: Client,
  home: string,
  { clientId, expiresAtMs }: StoredSession,
): void {
  if (cluster === null) return;
  client.copy = new SessionCopy(true);
  client.copy.restoreDone(cluster.restored(clientId, home, expiresAtMs === Infinity));
}

function restoreDeliveries(core: Core, client: Client, { deliveries, queue }: StoredSession): void {
  const { session } = client;
  // Set the counts of the stored tail first, so that deliveries can be inserted between.
  if (queue !== undefined) session.queue.restoreTail(queue);
  for (const { delivery, packetId, state } of deliveries) {
    core.nextSequence = Math.max(core.nextSequence, delivery.sequence + 1);
    if (packetId > 0) {
      session.sender.restore(packetId, delivery, state);
      const { logId = 0 } = delivery.message;
      if (standsForLogged(delivery)) client.copy?.flights.set(logId, packetId);
    } else {
      session.queue.push(delivery);
      if (queue !== undefined) session.queue.leaveTail(delivery);
      core.queues.add(delivery, true);
    }
  }
  const { tail } = session.queue;
  if (tail === undefined) return;
  const { length: messages, bytes, qos0Length: qos0Messages } = tail;
  core.queues.addTail({ messages, bytes, qos0Messages }, 1);
  session.queue.endTail();
}

/** Ends a session whose client was connected, and which was to end with that connection. */
function endKept(core: Core, client: Client, stored: StoredSession): void {
  const { clientId, will } = stored;
  const { owner } = client;
  client.session.expirySeconds = 0;
  core.store?.deleteSession(clientId);
  if (will?.will.retain !== true) return;
  core.store?.putSession(clientId, 0, Infinity, owner);
  core.store?.putWill(clientId, will);
  restoreLost(core, client, stored);
}

/** Restores the will of a client that was connected and has no stored session. */
function restoreLost(core: Core, client: Client, { clientId, will }: StoredSession): void {
  if (will === undefined) return core.store?.deleteSession(clientId);
  core.lostClients.set(clientId, client);
  restoreWill(core, client, will);
}
