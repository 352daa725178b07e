import { type Disconnect, MqttError, ReasonCode, reasonCodeName, type Will } from "../codec/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import type { CloseReason, Connection } from "./connection.ts";
import { lastReasonCode, returnCode } from "./connect_refusal.ts";
import { Deadline } from "./deadlines.ts";
import { clearQueue } from "./deliver.ts";
import { ownPayload } from "./payload_slab.ts";
import { moveOn, passOnShared, sharedDeliveries } from "./share_moves.ts";
import { delayWill, publishDelayedWill, publishWill } from "./wills.ts";

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

/** Tells the client why its connection ends: CONNACK before it is accepted, DISCONNECT after. [MQTT-3.14.0-1] */
function sayGoodbye(connection: Connection, reason: CloseReason): void {
  const { message } = reason;
  const type = connection.state === "connected" ? "disconnect" : "connack";
  const reasonCode = lastReasonCode(type, reason.reasonCode);
  const properties = { reasonString: message };
  if (type === "disconnect") {
    if (connection.protocolVersion < 5) return;
    return connection.send({ type, reasonCode, properties });
  }
  // In no version that both know, and yet in the form that all of them read. [v3 MQTT-3.1.2-2]
  const isUnsupported = reasonCode === ReasonCode.UnsupportedProtocolVersion;
  if (!connection.hasSentConnect && !isUnsupported) return;
  if (connection.protocolVersion === 5) {
    return connection.send({ type, sessionPresent: false, reasonCode, properties });
  }
  const code = returnCode(reasonCode);
  if (code !== undefined) connection.send({ type, sessionPresent: false, reasonCode: code });
}
