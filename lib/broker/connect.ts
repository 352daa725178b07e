import {
  type Auth,
  type Connack,
  type Connect,
  MqttError,
  type Properties,
  ReasonCode,
  type Will,
} from "../codec/mod.ts";
import { IncomingAliases, OutgoingAliases } from "../session/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { Client } from "./client.ts";
import type { Connection } from "./connection.ts";
import { Deadline } from "./deadlines.ts";
import { drain, dropUnreadable } from "./deliver.ts";
import { disconnect, endSession, limitExpiry } from "./lifecycle.ts";
import type {
  AuthenticationRequest,
  AuthenticationVerdict,
  ClientIdentity,
  EnhancedStep,
} from "./ports.ts";
import { checkResponseTopic } from "./publish.ts";
import { pumpRetained } from "./retained_pump.ts";
import { rewatch } from "./watch.ts";
import { cancelDelayedWill } from "./wills.ts";

/** CONNECT: checked, authenticated (which may take its time), then admitted. */
export function handleConnect(connection: Connection, connect: Connect): void {
  if (connection.state !== "waiting") {
    // [MQTT-3.1.0-2] [v3 MQTT-3.1.0-2]
    throw new MqttError(ReasonCode.ProtocolError, "A second CONNECT");
  }
  const { broker, listener } = connection;
  connection.protocolVersion = connect.protocolVersion;
  connection.hasSentConnect = true;
  connection.wantsCleanStart = connect.cleanStart;
  if (connect.properties?.requestProblemInformation === false) {
    connection.wantsProblemInformation = false;
  }
  connection.maxPacketSizeBytes = connect.properties?.maximumPacketSize ?? Infinity;
  checkConnect(connection, connect);
  const clientId = connect.clientId !== ""
    ? connect.clientId
    : broker.options.autoIdPrefix + broker.ports.randomId();
  const request: AuthenticationRequest = {
    clientId,
    userName: connect.userName,
    protocolVersion: connect.protocolVersion,
    remoteAddress: connection.link.remoteAddress,
    listener: listener.name,
    ...(connection.link.certificate === undefined
      ? {}
      : { certificate: connection.link.certificate }),
    password: connect.password,
    allowAnonymous: listener.allowAnonymous,
    connect,
  };
  connection.state = "authenticating";
  const method = connect.properties?.authenticationMethod;
  if (method !== undefined) return beginEnhanced(connection, request, method);
  connection.isStopped = true;
  broker.ports.access.authenticate(request, (verdict) => {
    broker.beginTurn();
    conclude(connection, request, verdict);
  });
}

/** AUTH: the next step of an enhanced authentication, or a new one of a client that is in. [MQTT-4.12.1-1] */
export function handleAuth(connection: Connection, packet: Auth): void {
  const { authentication } = connection;
  const expected = authentication?.exchange === null
    ? ReasonCode.ReAuthenticate
    : ReasonCode.ContinueAuthentication;
  if (authentication === null || packet.reasonCode !== expected) {
    throw new MqttError(ReasonCode.ProtocolError, "AUTH does not fit here");
  }
  if (packet.properties?.authenticationMethod !== authentication.method) {
    // [MQTT-4.12.0-5]
    throw new MqttError(ReasonCode.ProtocolError, "AUTH names another Authentication Method");
  }
  const { ports } = connection.broker;
  if (packet.reasonCode === ReasonCode.ReAuthenticate) {
    const exchange = ports.access.beginEnhanced(authentication.method, authentication.request);
    if (exchange === undefined) {
      throw new MqttError(ReasonCode.BadAuthenticationMethod, "Cannot re-authenticate");
    }
    connection.authentication = { ...authentication, exchange };
  }
  step(connection, packet.properties?.authenticationData);
}

function checkConnect(connection: Connection, connect: Connect): void {
  const { broker, listener } = connection;
  const { protocolVersion, clientId, will } = connect;
  if (!listener.acceptProtocolVersions.includes(protocolVersion)) {
    throw new MqttError(
      ReasonCode.UnsupportedProtocolVersion,
      `Protocol version ${protocolVersion} is not accepted on this listener`,
    );
  }
  if (broker.isShuttingDown) {
    throw new MqttError(ReasonCode.ServerShuttingDown, "Server is shutting down");
  }
  if (connection.isOverLimit) {
    throw new MqttError(ReasonCode.QuotaExceeded, "Too many connections");
  }
  if (clientId === "") {
    // 3.1 has no assigned ids; 3.1.1 only for sessions that end with their connection. [v3 MQTT-3.1.3-7] [v3 MQTT-3.1.3-8]
    const isAssignable = protocolVersion === 5 || protocolVersion === 4 && connect.cleanStart;
    if (!isAssignable || !broker.options.allowZeroLengthClientId) {
      throw new MqttError(ReasonCode.ClientIdentifierNotValid, "Client Identifier is empty");
    }
  }
  if (will !== undefined) checkWill(connection, will);
}

function checkWill(connection: Connection, will: Will): void {
  const { broker, listener } = connection;
  if (!isTopicName(will.topicName, broker.options.maxTopicLevels)) {
    throw new MqttError(ReasonCode.TopicNameInvalid, "Will Topic is not a Topic Name");
  }
  if (connection.protocolVersion < 5) return;
  if (will.properties !== undefined) checkResponseTopic(will.properties);
  if (will.qos > listener.maxQos) {
    // [MQTT-3.2.2-12]
    throw new MqttError(ReasonCode.QoSNotSupported, `Cannot take a will of QoS ${will.qos}`);
  }
  if (will.retain && !broker.options.retainAvailable) {
    // [MQTT-3.2.2-13]
    throw new MqttError(ReasonCode.RetainNotSupported, "Cannot take a retained will");
  }
}

function beginEnhanced(
  connection: Connection,
  request: AuthenticationRequest,
  method: string,
): void {
  const exchange = connection.broker.ports.access.beginEnhanced(method, request);
  if (exchange === undefined) {
    // [MQTT-4.12.0-1]
    throw new MqttError(
      ReasonCode.BadAuthenticationMethod,
      "Authentication Method is not supported",
    );
  }
  connection.authentication = { method, exchange, request };
  step(connection, request.connect.properties?.authenticationData);
}

/** Hands the client's data to the exchange; until it answers nothing more is handled. */
function step(connection: Connection, data: Uint8Array | undefined): void {
  const { exchange } = connection.authentication!;
  connection.isStopped = true;
  exchange!.step(data?.slice(), (answer) => {
    connection.broker.beginTurn();
    answerStep(connection, answer);
  });
}

function answerStep(connection: Connection, answer: EnhancedStep): void {
  const authentication = connection.authentication;
  if (connection.state === "closed" || authentication === null) return;
  const properties = (data: Uint8Array | undefined): Properties => ({
    authenticationMethod: authentication.method,
    ...(data === undefined ? {} : { authenticationData: data }),
  });
  if (answer.type === "failure") {
    refuse(connection, answer.reasonCode, "Authentication failed");
  } else if (answer.type === "continue") {
    const reasonCode = ReasonCode.ContinueAuthentication;
    connection.send({ type: "auth", reasonCode, properties: properties(answer.data) });
  } else if (connection.state === "authenticating") {
    const userName = answer.userName ?? authentication.request.userName;
    const request = { ...authentication.request, userName };
    connection.authentication = { ...authentication, request, exchange: null };
    return admitInTime(connection, request, properties(answer.data));
  } else if (isAnotherUser(connection, answer.userName)) {
    refuse(connection, ReasonCode.NotAuthorized, "Cannot re-authenticate as another user");
  } else {
    const reasonCode = ReasonCode.Success;
    connection.authentication = { ...authentication, exchange: null };
    connection.send({ type: "auth", reasonCode, properties: properties(answer.data) });
  }
  goOn(connection);
}

/** What the client may do hangs on its user name, which stays what it was. */
function isAnotherUser(connection: Connection, userName: string | undefined): boolean {
  return userName !== undefined && userName !== connection.identity!.userName;
}

function conclude(
  connection: Connection,
  request: AuthenticationRequest,
  verdict: AuthenticationVerdict,
): void {
  if (connection.state === "closed") return;
  if (verdict.isAllowed) {
    const userName = verdict.userName ?? request.userName;
    return admitInTime(connection, { ...request, userName }, undefined);
  }
  refuse(connection, verdict.reasonCode, REFUSALS[verdict.reasonCode] ?? "Refused");
  goOn(connection);
}

/** Lets a client in, or if it connects too often, somewhat later. */
function admitInTime(
  connection: Connection,
  request: AuthenticationRequest,
  properties: Properties | undefined,
): void {
  const { broker } = connection;
  const waitMs = broker.connectWaitMs(request.clientId);
  if (waitMs === 0) {
    admit(connection, request, properties);
    return goOn(connection);
  }
  broker.deadlines.set(
    connection.watch,
    broker.nowMs + waitMs + broker.options.connectTimeoutSeconds * 1000,
  );
  connection.pause = new Deadline(() => admitInTime(connection, request, properties));
  broker.deadlines.set(connection.pause, broker.nowMs + waitMs);
}

/** Why somebody is not let in, in words. */
const REFUSALS: Readonly<Partial<Record<ReasonCode, string>>> = {
  [ReasonCode.BadUserNameOrPassword]: "Bad user name or password",
  [ReasonCode.NotAuthorized]: "Not authorized",
  [ReasonCode.ServerBusy]: "Too many passwords wait to be checked",
  [ReasonCode.ConnectionRateExceeded]: "Too many failed attempts from this address",
};

function refuse(connection: Connection, reasonCode: ReasonCode, message: string): void {
  const { broker } = connection;
  broker.metrics.connectsRefused++;
  broker.ports.log.warning("Client refused", {
    client: connection.name,
    address: connection.link.remoteAddress,
    message,
  });
  disconnect(connection, { reasonCode, message });
}

/** The answer is there: what the client sent in the meantime is handled. */
function goOn(connection: Connection): void {
  connection.isStopped = false;
  connection.broker.goOn(connection);
}

/** Lets an authenticated client in: takes over, resumes or begins its session, says CONNACK, sends what waits. */
function admit(
  connection: Connection,
  request: AuthenticationRequest,
  authenticationProperties: Properties | undefined,
): void {
  const { broker, listener } = connection;
  const { connect, password: _, connect: __, allowAnonymous: ___, ...identity } = request;
  const { clientId } = identity;
  const properties = connect.properties;
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
    // Session Present promises a session that is stored. While the store fails nobody is locked out: a session that is new
    // promises nothing yet, and what has changed in an old one is only its expiry.
    session.isPersistent && broker.store?.isFailing !== true,
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
  const { broker } = connection;
  const { access, log } = broker.ports;
  if (!access.checksTopics) return;
  const { topicName, qos, retain } = will;
  const decision = access.mayPublish(identity, topicName, qos, retain);
  if (decision === "pending") {
    access.decided?.(identity, () => {
      if (access.mayPublish(identity, topicName, qos, retain) !== true) connection.will = undefined;
    });
  } else if (!decision) {
    broker.metrics.drop("not_authorized");
    log.warning("Will dropped: not authorized", { clientId: identity.clientId, topicName });
    connection.will = undefined;
  }
}

/** What a 5.0 client is told of our limits, where they differ from what it must assume. */
function connackProperties(
  connection: Connection,
  connect: Connect,
  authenticationProperties: Properties | undefined,
): Properties {
  const { broker, listener, client } = connection;
  const { options } = broker;
  const { session } = client!;
  const askedSeconds = connection.requestedExpirySeconds;
  const isExpiryChanged = session.expirySeconds !==
    (askedSeconds === 0xffffffff ? Infinity : askedSeconds);
  return {
    ...(isExpiryChanged ? { sessionExpiryInterval: session.expirySeconds } : {}),
    ...(options.maxInflightMessages > 0 && options.maxInflightMessages < 65_535
      ? { receiveMaximum: options.maxInflightMessages }
      : {}),
    ...(listener.maxQos < 2 ? { maximumQos: listener.maxQos as 0 | 1 } : {}),
    ...(options.retainAvailable ? {} : { retainAvailable: false }),
    maximumPacketSize: options.maxPacketSizeBytes,
    ...(connect.clientId === "" ? { assignedClientIdentifier: session.clientId } : {}),
    ...(listener.maxTopicAlias > 0 ? { topicAliasMaximum: listener.maxTopicAlias } : {}),
    ...(connection.keepAliveSeconds !== connect.keepAliveSeconds
      ? { serverKeepAlive: connection.keepAliveSeconds }
      : {}),
    ...(connect.properties?.requestResponseInformation === true &&
        options.responseInformation !== ""
      ? { responseInformation: options.responseInformation + session.clientId }
      : {}),
    ...authenticationProperties,
  };
}
