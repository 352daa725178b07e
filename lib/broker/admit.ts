import {
  type Connack,
  type Connect,
  type Properties,
  ReasonCode,
  type Will,
} from "../codec/mod.ts";
import { IncomingAliases, OutgoingAliases } from "../session/mod.ts";
import { Client } from "./client.ts";
import type { Connection } from "./connection.ts";
import { drain, dropUnreadable } from "./deliver.ts";
import { disconnect, endSession, limitExpiry } from "./lifecycle.ts";
import type { AuthenticationRequest, ClientIdentity } from "./ports.ts";
import { isReserved } from "./publish.ts";
import { pumpRetained } from "./retained_pump.ts";
import { rewatch } from "./watch.ts";
import { cancelDelayedWill } from "./wills.ts";
import { connackProperties } from "./connack.ts";
import { refuse } from "./authenticate.ts";

/** Lets an authenticated client in: takes over, resumes or begins its session, says CONNACK, sends what waits. */
export function admit(
  connection: Connection,
  request: AuthenticationRequest,
  authenticationProperties: Properties | undefined,
): void {
  const { broker, listener } = connection;
  const { connect, password: _, allowAnonymous: __, signal: ___, ...identity } = request;
  const { clientId } = identity;
  const properties = connect.properties;
  const writesBefore = broker.store?.writes;
  const existing = broker.clients.get(clientId);
  if (existing?.connection) {
    broker.metrics.sessionsTakenOver++;
    // [MQTT-3.1.4-3]
    const reasonCode = ReasonCode.SessionTakenOver;
    disconnect(existing.connection, { reasonCode, message: "Session taken over" });
  }
  const resumed = resume(connection, clientId);
  if (resumed === undefined && isSessionLimitReached(connection)) {
    return refuse(connection, ReasonCode.QuotaExceeded, "Too many sessions");
  }
  const client = resumed ?? new Client(broker, identity);
  const { session } = client;
  const isChecked = broker.ports.access.checksTopics && resumed !== undefined;
  const hasChanged = client.isRestored || client.identity.userName !== identity.userName;
  client.isRestored = false;
  client.identity = identity;
  client.connection = connection;
  broker.clients.set(clientId, client);
  broker.connectedCount++;
  broker.metrics.connectsAccepted++;
  broker.metrics.clientsConnectedMax = Math.max(
    broker.metrics.clientsConnectedMax,
    broker.connectedCount,
  );
  connection.client = client;
  connection.identity = identity;
  connection.state = "connected";
  connection.will = connect.will === undefined ? undefined : keepWill(connection, connect.will);
  if (connection.will !== undefined) checkWillAccess(connection, identity, connection.will);
  const askedSeconds = askedExpirySeconds(connect);
  connection.requestedExpirySeconds = askedSeconds;
  session.expirySeconds = limitExpiry(broker, askedSeconds);
  connection.keepAliveSeconds = limitKeepAlive(connection, connect.keepAliveSeconds);
  if (connect.protocolVersion === 5) {
    const outgoing = Math.min(properties?.topicAliasMaximum ?? 0, listener.maxTopicAliasBroker);
    if (outgoing > 0) connection.outgoingAliases = new OutgoingAliases(outgoing);
    connection.incomingAliases = new IncomingAliases(listener.maxTopicAlias);
  }
  session.receiver.resume();
  const { maxInflightMessages, maxInflightBytes } = broker.options;
  const receiveMaximum = properties?.receiveMaximum ?? 65_535;
  session.sender.resume(
    maxInflightMessages === 0 ? receiveMaximum : Math.min(receiveMaximum, maxInflightMessages),
    maxInflightBytes,
  );
  if (session.isPersistent) broker.store?.putSession(clientId, session.expirySeconds, Infinity);
  else if (resumed !== undefined) broker.store?.deleteSession(clientId);
  rewatch(connection);
  if (broker.options.connectionMessages) {
    broker.ports.log.info("Client connected", {
      clientId,
      address: identity.remoteAddress,
      version: connect.protocolVersion,
      userName: identity.userName,
      cleanStart: connect.cleanStart,
      keepAliveSeconds: connection.keepAliveSeconds,
      listener: listener.name,
    });
  }
  const connack: Connack = {
    type: "connack",
    // 3.1 has no such flag.
    sessionPresent: resumed !== undefined && connect.protocolVersion > 3,
    reasonCode: 0,
  };
  const isNew = connect.protocolVersion === 5;
  connection.send(
    isNew
      ? { ...connack, properties: connackProperties(connection, connect, authenticationProperties) }
      : connack,
    // Session Present promises a session that is stored, and its absence that the one before does not come back
    // [MQTT-3.1.2-4]. While the store fails nobody is locked out: a session that is new promises nothing yet, and what has
    // changed in an old one is only its expiry.
    (session.isPersistent || broker.store?.writes !== writesBefore) &&
      broker.store?.isFailing !== true,
  );
  // What waits was meant for the one who was here before.
  if (isChecked && hasChanged) broker.router.forgetRoutes();
  if (isChecked) dropUnreadable(client);
  drain(client);
  if (client.retained.length > 0) pumpRetained(client);
}

/** The client's session, if there is one and it wants it; otherwise what there was is ended. [MQTT-3.1.2-4] [MQTT-3.1.2-5] */
function resume(connection: Connection, clientId: string): Client | undefined {
  const { broker } = connection;
  const client = broker.clients.get(clientId);
  if (client === undefined) return undefined;
  if (connection.wantsCleanStart) {
    endSession(broker, client);
    return undefined;
  }
  cancelDelayedWill(broker, client);
  if (client.expiry !== null) broker.deadlines.clear(client.expiry);
  return client;
}

function isSessionLimitReached(connection: Connection): boolean {
  const { maxSessions } = connection.broker.options;
  return maxSessions > 0 && connection.broker.clients.size >= maxSessions;
}

/** Before 5.0 a session lasts for ever, or as long as its connection. */
function askedExpirySeconds(connect: Connect): number {
  if (connect.protocolVersion === 5) return connect.properties?.sessionExpiryInterval ?? 0;
  return connect.cleanStart ? 0 : 0xffffffff;
}

function limitKeepAlive(connection: Connection, askedSeconds: number): number {
  const { maxKeepAliveSeconds } = connection.broker.options;
  if (maxKeepAliveSeconds === 0 || connection.protocolVersion < 5) return askedSeconds;
  return askedSeconds === 0 ? maxKeepAliveSeconds : Math.min(askedSeconds, maxKeepAliveSeconds);
}

/** The will as it will be published: under the mount point, at a QoS that is allowed, with bytes of its own. */
function keepWill(connection: Connection, will: Will): Will {
  const { listener } = connection;
  const kept: Will = {
    ...will,
    topicName: listener.mountPoint + will.topicName,
    qos: Math.min(will.qos, listener.maxQos) as Will["qos"],
    payload: will.payload.slice(),
  };
  const correlationData = will.properties?.correlationData?.slice();
  return correlationData === undefined
    ? kept
    : { ...kept, properties: { ...will.properties, correlationData } };
}

/**
 * A will that its client may not publish is not kept. It is looked at again when it is due: rights change; but one that comes back
 * from a store has nobody to ask about any more.
 */
function checkWillAccess(connection: Connection, identity: ClientIdentity, will: Will): void {
  const { topicName, qos, retain } = will;
  if (isReserved(topicName)) return dropWill(connection, "reserved_topic");
  const { access } = connection.broker.ports;
  if (!access.checksTopics) return;
  const decision = access.mayPublish(identity, topicName, qos, retain);
  if (decision === "pending") {
    access.decided?.(identity, () => {
      if (access.mayPublish(identity, topicName, qos, retain) !== true) connection.will = undefined;
    });
  } else if (!decision) dropWill(connection, "not_authorized");
}

/** Its client comes in without the will: one that publishes what it may not is not told to leave either. */
function dropWill(connection: Connection, reason: "not_authorized" | "reserved_topic"): void {
  const { metrics, ports: { log } } = connection.broker;
  const { clientId } = connection.identity!;
  const topicName = connection.will!.topicName;
  metrics.drop(reason);
  log.warning(`Will dropped: ${reason.replace("_", " ")}`, { clientId, topicName });
  connection.will = undefined;
}
