import { type Connect, MqttError, ReasonCode, type Will } from "../codec/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import type { Connection } from "./connection.ts";
import type { AuthenticationRequest } from "./ports.ts";
import { checkResponseTopic } from "./publish.ts";
import { beginEnhanced, conclude } from "./authenticate.ts";

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
    signal: {
      get isGone() {
        return connection.state === "closed";
      },
    },
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
  const { messageSizeLimitBytes } = broker.options;
  if (messageSizeLimitBytes > 0 && will.payload.length > messageSizeLimitBytes) {
    broker.metrics.drop("message_size_limit");
    // Before 5.0 no code fits; mosquitto says this one.
    const reasonCode = connection.protocolVersion === 5
      ? ReasonCode.PacketTooLarge
      : ReasonCode.NotAuthorized;
    throw new MqttError(reasonCode, `Will is larger than ${messageSizeLimitBytes} bytes`);
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
