import { MqttError, ReasonCode, reasonCodeName, type Will } from "../../codec/mod.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import type { Client, Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { Deadline } from "../ground/deadlines.ts";
import { dismantle } from "./dismantle.ts";
import { drop, dropTail } from "./drop.ts";
import { attempt, report } from "./faults.ts";
import { sayGoodbye } from "./goodbye.ts";
import { takeQueued } from "./queue.ts";
import { ownPayload } from "../ground/payload_slab.ts";
import { moveOn, passOnShared, takeShared } from "./share_moves.ts";
import { tellShares } from "./shared_groups.ts";
import { delayWill, publishDelayedWill, publishOwnWill } from "./wills.ts";

/**
 * The Session Expiry Interval that is stored for a session that ends with its connection, but must be kept in the store until then.
 * No client can ask for so little.
 */
export const KEPT_SECONDS = 0.001;
/** The node that a session belongs to says when it has ended: others wait for that so much longer, milliseconds. */
export const GRACE_MS = 60_000;
/** When to ask again whether a session has ended, of which the log may say something else. */
const UNHEARD_MS = 10_000;

/** Ends a connection because of a fault of its peer, which is told the Reason Code; other connections are not affected. */
export function fail(core: Core, connection: Connection, error: MqttError): void {
  core.metrics.protocolErrors++;
  core.ports.log.warning("Client refused", {
    ...whoIs(connection),
    reason: reasonCodeName(error.reasonCode),
    message: error.message,
  });
  disconnect(core, connection, error);
}

/** Ends the connection whose handling threw: for a fault of its peer, or for a fault in the broker. */
export function blame(core: Core, connection: Connection, error: unknown): void {
  if (error instanceof MqttError) return fail(core, connection, error);
  const { name: client } = connection;
  report(core, "Fault in the broker, for which a client is disconnected", { client }, error);
  const reasonCode = ReasonCode.ImplementationSpecificError;
  disconnect(core, connection, { reasonCode, message: "Internal error" });
}

/** Runs `act` for a connection, which is ended if `act` throws; other connections are not affected. */
export function actFor(core: Core, connection: Connection, act: () => void): void {
  try {
    act();
  } catch (error) {
    blame(core, connection, error);
  }
}

/** Tells a client why it is refused, and closes the connection. */
export function refuse(
  core: Core,
  connection: Connection,
  reasonCode: ReasonCode,
  message: string,
): void {
  core.metrics.connectsRefused++;
  core.ports.log.warning("Client refused", {
    ...whoIs(connection),
    reason: reasonCodeName(reasonCode),
    message,
  });
  disconnect(core, connection, { reasonCode, message });
}

/** For the log: the client's identity, or what its CONNECT claims. */
function whoIs({ identity, claim, link }: Connection): Record<string, unknown> {
  const { clientId, userName } = identity ?? claim ?? {};
  return {
    ...clientId === undefined ? {} : { clientId },
    ...userName === undefined ? {} : { userName },
    address: link.remoteAddress,
  };
}

/**
 * Ends a connection. With a reason the client is told, where its version can be told; without a reason the client is gone already.
 * Its will is published unless a DISCONNECT has removed it. [MQTT-3.1.2-8]
 */
export function disconnect(
  core: Core,
  connection: Connection,
  reason: CloseReason | undefined,
): void {
  if (connection.state === "closed") return;
  const { client } = connection;
  const { name } = connection;
  if (reason !== undefined) {
    attempt(core, "Cannot tell a client why it goes", { client: name }, () => {
      sayGoodbye(connection, reason);
    });
  }
  connection.enter("close");
  core.wills.remove(connection.will);
  core.deadlines.clear(connection.watch);
  connection.clearStops(core.deadlines);
  core.connections.delete(connection);
  core.markClosing(connection);
  core.observers?.tell("disconnected", connection, reason);
  count(core, connection, reason);
  if (client === null || client.connection !== connection) return;
  client.connection = null;
  core.connectedCount--;
  if (core.options.connectionMessages) {
    core.ports.log.info("Client disconnected", {
      clientId: client.session.clientId,
      reason: reason?.message ?? (connection.will === undefined ? "normal" : "connection lost"),
      ...dropsOf(client),
    });
  }
  leave(core, client, connection.will);
}

function count(
  { metrics }: Core,
  { client, cause }: Connection,
  reason: CloseReason | undefined,
): void {
  if (client === null) {
    if (reason !== undefined) metrics.countRefusal(reason.reasonCode);
  } else if (reason !== undefined) metrics.countDisconnect(reason.reasonCode);
  else metrics.countDisconnect(cause === "client" ? "normal" : "connection_lost");
}

/** For the log: the number of messages that the client did not get, by reason. */
function dropsOf({ session }: Client): Record<string, number> {
  return Object.fromEntries(
    [...session.dropped ?? []].map(([reason, count]) => [`dropped_${reason}`, count]),
  );
}

/** The Session Expiry Interval that the limits leave of the requested one: seconds, `Infinity` for 0xFFFFFFFF. */
export function limitExpiry(core: Core, askedSeconds: number): number {
  const { maxSessionExpirySeconds, persistentClientExpirationSeconds } = core.options;
  const limit = (seconds: number, limitSeconds: number) =>
    limitSeconds === 0 ? seconds : Math.min(seconds, limitSeconds);
  const seconds = askedSeconds === 0xffffffff ? Infinity : askedSeconds;
  return limit(limit(seconds, maxSessionExpirySeconds), persistentClientExpirationSeconds);
}

/** Ends all connections with this reason. */
export function closeAll(core: Core, reasonCode: ReasonCode, message: string): void {
  for (const connection of [...core.connections]) {
    disconnect(core, connection, { reasonCode, message });
  }
}

/** Ends a session and everything that belongs to it; a delayed will is published. [MQTT-3.1.3-9] */
export function endSession(core: Core, client: Client): void {
  const { session } = client;
  if (core.clients.get(session.clientId) !== client) return;
  core.removeClient(client);
  if (client.expiry !== null) core.deadlines.clear(client.expiry);
  endStored(core, session.clientId);
  const moving = takeShared(core, client, () => true);
  const inFlight = [...session.sender.values()].filter(({ state }) => state === "published");
  client.isEnded = true;
  core.dismantling.push({ client, filters: session.subscriptions.keys() });
  if (!core.work.isTurnOver) dismantle(core);
  for (const { delivery } of inFlight) {
    // A message of a shared subscription that this client has not acknowledged goes to another member. [MQTT-4.8.2-5]
    if (delivery.qos === 1 && delivery.share !== undefined) moveOn(core, client, delivery);
    else drop(core, client, "session_ended", delivery.message);
  }
  for (const delivery of moving) moveOn(core, client, delivery);
  for (const { message } of takeQueued(core, client, () => true)) {
    drop(core, client, "session_ended", message);
  }
  dropTail(core, client, "session_ended");
  publishDelayedWill(core, client);
  core.observers?.tell("sessionEnded", client);
}

/** Deletes the session from the store; until that is committed, no client may use the Client Identifier. */
export function endStored({ store, releases }: Core, clientId: string): void {
  if (store === undefined) return;
  const writesBefore = store.writes;
  store.deleteSession(clientId);
  if (store.writes !== writesBefore) releases.end(clientId);
}

/** The client's connection has ended: keeps or ends its session, and delays or publishes its will. */
function leave(core: Core, client: Client, will: Will | undefined): void {
  const { session } = client;
  const { clientId } = session;
  const delaySeconds = Math.min(will?.properties?.willDelayInterval ?? 0, session.expirySeconds);
  if (will !== undefined) {
    if (delaySeconds > 0) delayWill(core, client, will, core.nowMs + delaySeconds * 1000);
    else publishOwnWill(core, client, will);
  }
  if (session.expirySeconds === 0) return endSession(core, client);
  if (core.hooks.onDeliver !== undefined) dropWaitingQos0(core, client);
  for (const { delivery: { message } } of session.sender.values()) {
    message.payload = ownPayload(message.payload);
  }
  const expiresAtMs = core.nowMs + session.expirySeconds * 1000;
  startExpiry(core, client, expiresAtMs);
  attempt(core, "Cannot store until when a session lasts", { clientId }, () => {
    core.store?.putSession(clientId, session.expirySeconds, expiresAtMs, client.owner);
  });
  passOnShared(core, client);
  tellShares(core, client);
}

/** Drops QoS 0 messages that were queued only because hooks had not answered: they are not kept for a disconnected client. */
function dropWaitingQos0(core: Core, client: Client): void {
  if (core.options.queueQos0Messages) return;
  for (const { message } of takeQueued(core, client, ({ qos }) => qos === 0)) {
    drop(core, client, "offline_qos0", message);
  }
}

/** Lets the session end at this time, unless the client returns. */
export function startExpiry(core: Core, client: Client, expiresAtMs: number): void {
  if (expiresAtMs === Infinity) return;
  client.expiry ??= new Deadline(() => {
    if (mayBeUnheard(core, client)) {
      return core.deadlines.set(client.expiry!, core.nowMs + UNHEARD_MS);
    }
    core.metrics.sessionsExpired++;
    core.observers?.tell("sessionExpired", client);
    endSession(core, client);
  });
  core.deadlines.set(client.expiry, expiresAtMs);
}

/**
 * Whether the log may say something of the session that this node of a cluster has not read: that its client is back. The node of the session says
 * when it has ended; others wait for that so much longer.
 */
function mayBeUnheard({ cluster, nowMs }: Core, { copy }: Client): boolean {
  if (cluster === null) return false;
  const graceMs = copy?.isElsewhere === true ? GRACE_MS : 0;
  return nowMs < cluster.currentSinceMs + graceMs;
}
