import type { Will } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Client, Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import type { DropReason } from "../ground/metrics.ts";
import { Deadline } from "../ground/deadlines.ts";
import { expiry, travelling } from "../ground/message_rules.ts";
import type { StoredWill } from "../ground/ports.ts";
import { shareMessage } from "./cluster.ts";
import { drop } from "./drop.ts";
import { attempt, report } from "./faults.ts";
import { routeHere } from "./route_message.ts";

/**
 * Stores the will of a connecting client, if the will must survive the process: if the session is stored, or the will is retained, because
 * otherwise a retained "online" message would stay for ever after a crash. The client publishes "online" after this write, so nothing needs
 * to wait for the commit.
 */
export function storeWill(core: Core, { session, owner }: Client, will: Will): void {
  const { store } = core;
  if (store === undefined || !session.isPersistent && !will.retain) return;
  const { clientId } = session;
  attempt(core, "Cannot store the will of a client", { clientId }, () => {
    if (!session.isPersistent) store.putSession(clientId, 0, Infinity, owner);
    store.putWill(clientId, { will, dueAtMs: Infinity });
  });
}

/** Removes the will of a connected client: the client has removed it by DISCONNECT, or may not publish it. */
export function forgetWill(core: Core, connection: Connection): void {
  const { client, will } = connection;
  if (will === undefined) return;
  core.wills.remove(will);
  connection.will = undefined;
  writeSoon(core, () => core.store?.deleteWill(client!.session.clientId));
}

/**
 * Runs `write`, and has its writes committed soon: no packet reports what happens to a will, so no packet would request that
 * commit.
 */
function writeSoon({ store, releases }: Core, write: () => void): void {
  const writesBefore = store?.writes;
  write();
  if (store?.writes !== writesBefore) releases.soon();
}

/** Publishes the will when its delay has passed. */
export function delayWill(core: Core, client: Client, will: Will, dueAtMs: number): void {
  awaitWill(core, client, { will, dueAtMs });
  const { clientId } = client.session;
  attempt(core, "Cannot store a will that waits", { clientId }, () => {
    writeSoon(core, () => core.store?.putWill(clientId, { will, dueAtMs }));
  });
}

/**
 * Restores a stored will. If its client was connected when the process ended, the will is published after the client has had time
 * to return.
 */
export function restoreWill(core: Core, client: Client, stored: StoredWill): void {
  const { clientId, expirySeconds } = client.session;
  if (stored.dueAtMs !== Infinity) return awaitWill(core, client, stored);
  const { will } = stored;
  const delaySeconds = Math.min(will.properties?.willDelayInterval ?? 0, expirySeconds);
  const waitSeconds = Math.max(delaySeconds, core.options.willRecoveryDelaySeconds);
  const orphan = { will, dueAtMs: core.nowMs + waitSeconds * 1000, isOrphan: true };
  awaitWill(core, client, orphan);
  // Store the time now, so that the delay does not start again each time the process is restarted.
  core.store?.putWill(clientId, orphan);
}

function awaitWill(
  core: Core,
  client: Client,
  { will, dueAtMs, isOrphan = false }: StoredWill,
): void {
  const deadline = new Deadline(() => publishDelayedWill(core, client));
  client.delayedWill = { will, deadline, isOrphan };
  core.wills.add(will);
  core.deadlines.set(deadline, dueAtMs);
}

/** The client has reconnected in time: its will is not published. [MQTT-3.1.3-9] */
export function cancelDelayedWill(core: Core, client: Client): void {
  if (client.delayedWill === null) return;
  core.deadlines.clear(client.delayedWill.deadline);
  core.wills.remove(client.delayedWill.will);
  client.delayedWill = null;
  const { clientId } = client.session;
  if (core.lostClients.get(clientId) === client) core.lostClients.delete(clientId);
  writeSoon(core, () => core.store?.deleteWill(clientId));
}

/** Publishes the delayed will of a client. */
export function publishDelayedWill(core: Core, client: Client): void {
  if (client.delayedWill === null) return;
  const { will } = client.delayedWill;
  cancelDelayedWill(core, client);
  publishWill(core, client, will);
}

/** Publishes the will of a client whose connection has ended, without delay. */
export function publishOwnWill(core: Core, client: Client, will: Will): void {
  writeSoon(core, () => core.store?.deleteWill(client.session.clientId));
  publishWill(core, client, will);
}

/** Publishes a will, if its client may publish it; while a long fan-out of that client is under way, the will waits for its end. */
function publishWill(core: Core, client: Client, will: Will): void {
  const { longFanOuts } = core;
  const publisherId = client.session.clientId;
  if (longFanOuts.isBusy(publisherId)) {
    return longFanOuts.afterwards(publisherId, () => publishWill(core, client, will));
  }
  try {
    writeSoon(core, () => askAndPublish(core, client, will));
  } catch (error) {
    const { clientId } = client.session;
    const { topicName } = will;
    report(core, "Cannot publish a will", { clientId, topicName }, error);
    dropWill(core, client, topicName, "encoding_failed");
  }
}

function askAndPublish(core: Core, client: Client, will: Will): void {
  const { topicName, payload, qos, retain, properties } = will;
  const { access } = core.ports;
  if (access.checksTopics && !client.isRestored) {
    const decision = access.mayPublish(client.identity, topicName, qos, retain);
    if (decision === "pending") {
      return access.decided?.(
        client.identity,
        () => core.inTurn(() => publishWill(core, client, will)),
      );
    }
    if (!decision) return dropWill(core, client, topicName, "not_authorized");
  }
  const route = core.router.route(topicName, core.isShuttingDown ? Infinity : core.work.left);
  if (route === null) {
    // It goes on in this turn or a later one, as deadlines do.
    return core.deadlines.set(new Deadline(() => publishWill(core, client, will)), core.nowMs);
  }
  if (route === undefined) return dropWill(core, client, topicName, "not_a_topic_name");
  const message: Message = {
    topicName,
    payload,
    qos,
    retain: retain && core.options.retainAvailable,
    properties: properties === undefined ? undefined : travelling(properties),
    expiresAtMs: expiry(core.nowMs, properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  // It counts in the log where the client is still this node's: else it is published by the one that has the client.
  if (shareMessage(core, message, client, 0, client.session.isPersistent) !== "here") return;
  routeHere(core, message, route, client, false);
}

/** Counts a will that is not published as a drop of its client. */
export function dropWill(core: Core, client: Client, topicName: string, reason: DropReason): void {
  drop(core, client, reason, { topicName, publisherId: client.session.clientId });
}
