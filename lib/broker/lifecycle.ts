import { type Disconnect, MqttError, ReasonCode, reasonCodeName, type Will } from "../codec/mod.ts";
import type { Delivery, InFlight, Message } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import type { CloseReason, Connection } from "./connection.ts";
import { returnCode } from "./connect_refusal.ts";
import { Deadline } from "./deadlines.ts";
import { clearQueue, rank } from "./deliver.ts";
import { ownPayload } from "./payload_slab.ts";
import { expiry, publishMessage, travelling } from "./publish.ts";

/** A write that stands still this long makes its connection the one to go when memory is short. */
const STALLED_MS = 2000;

/** A fault of the peer: it is told, and its connection ends; nobody else notices. */
export function fail(connection: Connection, error: MqttError): void {
  const { broker } = connection;
  broker.metrics.protocolErrors++;
  broker.ports.log.warning("Client refused", {
    client: connection.name,
    address: connection.link.remoteAddress,
    reason: reasonCodeName(error.reasonCode),
    message: error.message,
  });
  disconnect(connection, error);
}

/**
 * Ends a connection. With a reason the client is told, where its version can be told; without one it is gone already. Its will
 * is published unless a DISCONNECT has taken it away. [MQTT-3.1.2-8]
 */
export function disconnect(connection: Connection, reason: CloseReason | undefined): void {
  if (connection.state === "closed") return;
  const { broker, client } = connection;
  if (reason !== undefined) sayGoodbye(connection, reason);
  connection.state = "closed";
  broker.deadlines.clear(connection.watch);
  if (connection.pause !== null) broker.deadlines.clear(connection.pause);
  broker.connections.delete(connection);
  broker.markClosing(connection);
  if (client === null || client.connection !== connection) return;
  client.connection = null;
  broker.connectedCount--;
  if (broker.options.connectionMessages) {
    broker.ports.log.info("Client disconnected", {
      clientId: client.session.clientId,
      reason: reason?.message ?? (connection.will === undefined ? "normal" : "connection lost"),
      ...dropsOf(client),
    });
  }
  leave(client, connection.will);
}

/** For the log: what the client has not got, by reason. */
function dropsOf({ session }: Client): Record<string, number> {
  return Object.fromEntries(
    [...session.dropped ?? []].map(([reason, count]) => [`dropped_${reason}`, count]),
  );
}

/** DISCONNECT: the client leaves in order. */
export function handleDisconnect(connection: Connection, packet: Disconnect): void {
  const client = connection.client!;
  const { session } = client;
  const seconds = packet.properties?.sessionExpiryInterval;
  if (seconds !== undefined) {
    if (connection.requestedExpirySeconds === 0 && seconds > 0) {
      // Told, and then closed like any fault, will included. [MQTT-3.14.2-2]
      throw new MqttError(
        ReasonCode.ProtocolError,
        "Session Expiry Interval was 0 in CONNECT and is not in DISCONNECT",
      );
    }
    session.expirySeconds = limitExpiry(connection.broker, seconds);
  }
  // [MQTT-3.14.4-3] but 0x04 keeps the will.
  if (packet.reasonCode === ReasonCode.Success) connection.will = undefined;
  disconnect(connection, undefined);
}

/** The Session Expiry Interval that a session gets of what was asked for: seconds, `Infinity` for 0xFFFFFFFF. */
export function limitExpiry(broker: Broker, askedSeconds: number): number {
  const { maxSessionExpirySeconds, persistentClientExpirationSeconds } = broker.options;
  const limit = (seconds: number, limitSeconds: number) =>
    limitSeconds === 0 ? seconds : Math.min(seconds, limitSeconds);
  const seconds = askedSeconds === 0xffffffff ? Infinity : askedSeconds;
  return limit(limit(seconds, maxSessionExpirySeconds), persistentClientExpirationSeconds);
}

/** Looks after a connection when its deadline comes: no CONNECT, no packets, no progress in writing. */
export function watchConnection(connection: Connection): void {
  const { broker } = connection;
  if (connection.state !== "connected") {
    return disconnect(connection, undefined);
  }
  const stalledAtMs = stallDeadline(connection);
  const silentAtMs = keepAliveDeadline(connection);
  if (silentAtMs <= broker.nowMs) {
    const error = { reasonCode: ReasonCode.KeepAliveTimeout, message: "Keep Alive timeout" };
    return disconnect(connection, error);
  }
  if (stalledAtMs <= broker.nowMs) {
    broker.metrics.slowClientsEvicted++;
    const seconds = broker.options.sendTimeoutSeconds;
    broker.ports.log.warning("Client takes nothing, and is disconnected", {
      client: connection.name,
      unsentBytes: connection.unsentBytes,
      seconds,
    });
    connection.dropOutput();
    return disconnect(connection, undefined);
  }
  const nextMs = Math.min(stalledAtMs, silentAtMs);
  if (nextMs !== Infinity) broker.deadlines.set(connection.watch, nextMs);
}

/** Starts the watch over a connection that is through with CONNECT, or has a write that stands. */
export function rewatch(connection: Connection): void {
  const nextMs = Math.min(stallDeadline(connection), keepAliveDeadline(connection));
  if (nextMs === Infinity) connection.broker.deadlines.clear(connection.watch);
  else if (connection.watch.index < 0 || nextMs < connection.watch.atMs) {
    connection.broker.deadlines.set(connection.watch, nextMs);
  }
}

/** Makes room when memory is short: the client with most before it that takes nothing is disconnected. */
export function evictSlowest(broker: Broker): void {
  let slowest: Connection | undefined;
  for (const connection of broker.connections) {
    if (connection.writingBytes === 0 || broker.nowMs - connection.wroteAtMs < STALLED_MS) continue;
    if (slowest === undefined || connection.unsentBytes > slowest.unsentBytes) slowest = connection;
  }
  if (slowest === undefined) return;
  broker.metrics.slowClientsEvicted++;
  broker.ports.log.warning("Memory for output is used up: the slowest client is disconnected", {
    client: slowest.name,
    unsentBytes: slowest.unsentBytes,
  });
  slowest.dropOutput();
  disconnect(slowest, undefined);
}

/** Ends all connections with this reason. */
export function closeAll(broker: Broker, reasonCode: ReasonCode, message: string): void {
  for (const connection of [...broker.connections]) disconnect(connection, { reasonCode, message });
}

/** Ends a session and all that belongs to it; a will that waited is due. [MQTT-3.1.3-9] */
export function endSession(broker: Broker, client: Client): void {
  const { session } = client;
  if (broker.clients.get(session.clientId) !== client) return;
  broker.clients.delete(session.clientId);
  if (client.expiry !== null) broker.deadlines.clear(client.expiry);
  broker.store?.deleteSession(session.clientId);
  const moving = sharedDeliveries(client, () => true, true);
  for (const topicFilter of session.subscriptions.keys()) {
    broker.router.unsubscribe(client, topicFilter);
  }
  clearQueue(broker, client);
  for (const delivery of moving) moveOn(broker, client, delivery);
  publishDelayedWill(broker, client);
}

/**
 * Moves what a shared subscription gave this client, and it has not been sent, to another member; what is in flight stays
 * with the client. [MQTT-4.8.2-4]
 */
export function moveShared(broker: Broker, client: Client, topicFilter: string): void {
  const moving = sharedDeliveries(client, (delivery) => delivery.share === topicFilter, false);
  forgetMoving(broker, client, moving);
  for (const delivery of moving) moveOn(broker, client, delivery);
}

/** A client is away: its session waits, or ends; its will waits, or is published. */
function leave(client: Client, will: Will | undefined): void {
  const { session } = client;
  const { broker } = client;
  const delaySeconds = Math.min(will?.properties?.willDelayInterval ?? 0, session.expirySeconds);
  if (will !== undefined) {
    if (delaySeconds > 0) delayWill(broker, client, will, broker.nowMs + delaySeconds * 1000);
    else publishWill(broker, client, will);
  }
  if (!session.isPersistent) return endSession(broker, client);
  for (const { delivery: { message } } of session.sender.values()) {
    message.payload = ownPayload(message.payload);
  }
  const expiresAtMs = broker.nowMs + session.expirySeconds * 1000;
  startExpiry(broker, client, expiresAtMs);
  broker.store?.putSession(session.clientId, session.expirySeconds, expiresAtMs);
  passOnShared(broker, client);
}

/** The session ends at this time, unless the client comes back. */
export function startExpiry(broker: Broker, client: Client, expiresAtMs: number): void {
  if (expiresAtMs === Infinity) return;
  client.expiry ??= new Deadline(() => {
    broker.metrics.sessionsExpired++;
    endSession(broker, client);
  });
  broker.deadlines.set(client.expiry, expiresAtMs);
}

/** The will is published when its delay has passed. */
export function delayWill(broker: Broker, client: Client, will: Will, dueAtMs: number): void {
  const deadline = new Deadline(() => publishDelayedWill(broker, client));
  client.delayedWill = { will, deadline };
  broker.store?.putWill(client.session.clientId, { will, dueAtMs });
  broker.deadlines.set(deadline, dueAtMs);
}

/** The client is back in time: its will is not published. [MQTT-3.1.3-9] */
export function cancelDelayedWill(broker: Broker, client: Client): void {
  if (client.delayedWill === null) return;
  broker.deadlines.clear(client.delayedWill.deadline);
  client.delayedWill = null;
  broker.store?.deleteWill(client.session.clientId);
}

function publishDelayedWill(broker: Broker, client: Client): void {
  if (client.delayedWill === null) return;
  const { will } = client.delayedWill;
  cancelDelayedWill(broker, client);
  publishWill(broker, client, will);
}

function publishWill(broker: Broker, client: Client, will: Will): void {
  const { topicName, payload, qos, retain, properties } = will;
  const { access } = broker.ports;
  if (access.checksTopics && !client.isRestored) {
    const decision = access.mayPublish(client.identity, topicName, qos, retain);
    if (decision === "pending") {
      return access.decided?.(client.identity, () => {
        broker.beginTurn();
        publishWill(broker, client, will);
        broker.endTurn();
      });
    }
    if (!decision) return broker.metrics.drop("not_authorized");
  }
  const route = broker.router.route(topicName);
  if (route === undefined) return;
  const message: Message = {
    topicName,
    payload,
    qos,
    retain: retain && broker.options.retainAvailable,
    properties: properties === undefined ? undefined : travelling(properties),
    expiresAtMs: expiry(broker, properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  publishMessage(broker, message, route, client);
}

/** While a member of shared subscriptions is away, others who are there take what it has not been sent. */
function passOnShared(broker: Broker, client: Client): void {
  const moving = sharedDeliveries(client, (delivery) => {
    const share = delivery.share === undefined ? undefined : broker.router.share(delivery.share);
    return share !== undefined && share.hasOther(client, (other) => other.connection !== null);
  }, false);
  forgetMoving(broker, client, moving);
  for (const delivery of moving) moveOn(broker, client, delivery);
}

/** Takes deliveries of shared subscriptions from the queue; with `isEnding` also the QoS 1 ones in flight. [MQTT-4.8.2-5] */
function sharedDeliveries(
  client: Client,
  isMoving: (delivery: Delivery) => boolean,
  isEnding: boolean,
): Delivery[] {
  const { queue, sender } = client.session;
  const isTaken = (delivery: Delivery) => delivery.share !== undefined && isMoving(delivery);
  const inFlight = isEnding
    ? [...sender.values()].filter(({ delivery }: InFlight) =>
      delivery.qos === 1 && isTaken(delivery)
    )
      .map(({ delivery }) => delivery)
    : [];
  const before = queue.bytes;
  const queued = queue.take(isTaken);
  client.broker.queuedBytes -= before - queue.bytes;
  return [...inFlight, ...queued];
}

function forgetMoving(broker: Broker, client: Client, moving: readonly Delivery[]): void {
  for (const delivery of moving) {
    if (delivery.sequence > 0) broker.store?.deleteDelivery(client.session.clientId, delivery);
  }
}

function moveOn(broker: Broker, from: Client, delivery: Delivery): void {
  // [MQTT-3.3.2-5]
  if (delivery.message.expiresAtMs <= broker.nowMs) return broker.metrics.drop("expired");
  const share = broker.router.share(delivery.share!);
  const target = share?.pick((member) =>
    member.client === from ? 0 : rank(broker, member, delivery.message)
  );
  if (target === undefined) return broker.metrics.drop("no_share_member");
  broker.redeliver(target, delivery);
}

/** Tells the client why its connection ends: CONNACK before it is accepted, DISCONNECT after. [MQTT-3.14.0-1] */
function sayGoodbye(connection: Connection, reason: CloseReason): void {
  const { reasonCode, message } = reason;
  const properties = { reasonString: message };
  if (connection.state === "connected") {
    if (connection.protocolVersion < 5) return;
    return connection.send({ type: "disconnect", reasonCode, properties });
  }
  if (!connection.hasSentConnect) return;
  if (connection.protocolVersion === 5) {
    return connection.send({ type: "connack", sessionPresent: false, reasonCode, properties });
  }
  const code = returnCode(reasonCode);
  if (code !== undefined) {
    connection.send({ type: "connack", sessionPresent: false, reasonCode: code });
  }
}

/**
 * One and a half periods, counted from the last packet received; from now where it is we who do not read, since what the
 * client has sent in the meantime waits with the system. [MQTT-3.1.2-22]
 */
function keepAliveDeadline(connection: Connection): number {
  if (connection.keepAliveSeconds === 0) return Infinity;
  const sinceMs = connection.isStopped ? connection.broker.nowMs : connection.lastReceivedMs;
  return sinceMs + connection.keepAliveSeconds * 1500;
}

function stallDeadline(connection: Connection): number {
  return connection.writingBytes === 0
    ? Infinity
    : connection.wroteAtMs + connection.broker.options.sendTimeoutSeconds * 1000;
}
