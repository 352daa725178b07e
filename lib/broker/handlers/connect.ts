import { type Connect, MqttError, ReasonCode, type Will } from "../../codec/mod.ts";
import { isTopicName } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import { willSizeBytes } from "../core/will_book.ts";
import { checkResponseTopic } from "../ground/message_rules.ts";
import { BRIDGE_CLIENT_PREFIX } from "../ground/options.ts";
import type { AuthenticationRequest, AuthenticationVerdict } from "../ground/ports.ts";
import { actFor, refuse } from "../services/lifecycle.ts";
import { askedBy, type Connection } from "../state/connection.ts";
import { admitInTime } from "./admit.ts";
import { admitted } from "./admittance.ts";
import { beginEnhanced } from "./enhanced_authentication.ts";

/** The reasons of refusals in words. */
const REFUSALS: Readonly<Partial<Record<ReasonCode, string>>> = {
  [ReasonCode.BadUserNameOrPassword]: "Bad user name or password",
  [ReasonCode.NotAuthorized]: "Not authorized",
  [ReasonCode.ServerBusy]: "Too many passwords wait to be checked",
  [ReasonCode.ServerUnavailable]: "Who it is cannot be checked at present",
  [ReasonCode.ConnectionRateExceeded]: "Too many failed attempts from this address",
};

/** Handles CONNECT: checks it, authenticates the client (which may take time), then admits the client. */
export function handleConnect(core: Core, connection: Connection, connect: Connect): void {
  if (connection.state !== "waiting") {
    // [MQTT-3.1.0-2] [v3 MQTT-3.1.0-2]
    throw new MqttError(ReasonCode.ProtocolError, "A second CONNECT");
  }
  const { outbox } = connection;
  connection.enter("connect");
  connection.asked = askedBy(
    connect.cleanStart,
    connect.properties?.sessionExpiryInterval ?? 0,
    connect.isBridge === true,
  );
  outbox.protocolVersion = connect.protocolVersion;
  outbox.wantsProblemInformation = connect.properties?.requestProblemInformation !== false;
  outbox.maxPacketSizeBytes = connect.properties?.maximumPacketSize ?? Infinity;
  connection.claim = { clientId: connect.clientId, userName: connect.userName };
  checkConnect(core, connection, connect);
  const request = requestOf(core, connection, connect);
  if (request.isBridge) return admitInTime(core, connection, request, undefined);
  const method = connect.properties?.authenticationMethod;
  if (method !== undefined) return beginEnhanced(core, connection, request, method);
  connection.stops.stop("verdict");
  core.ports.access.authenticate(request, (verdict) => {
    core.beginTurn();
    actFor(core, connection, () => conclude(core, connection, request, verdict));
    core.resumeInTurn(connection, "verdict");
  });
}

function requestOf(core: Core, connection: Connection, connect: Connect): AuthenticationRequest {
  const { link, listener } = connection;
  return {
    clientId: connect.clientId !== ""
      ? connect.clientId
      : (listener.autoIdPrefix ?? core.options.autoIdPrefix) + core.ports.randomId(),
    userName: connect.userName,
    protocolVersion: connect.protocolVersion,
    remoteAddress: link.remoteAddress,
    listener: listener.name,
    ...(link.certificate === undefined ? {} : { certificate: link.certificate }),
    ...(listener.bridge === undefined ? {} : { isBridge: true }),
    password: connect.password,
    allowAnonymous: listener.allowAnonymous,
    connect,
    signal: new Presence(connection),
  };
}

/** Whether the client has left. A class, because V8 makes a shape and a function anew for each object literal with a getter. */
class Presence implements NonNullable<AuthenticationRequest["signal"]> {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isGone(): boolean {
    return this.#connection.state === "closed";
  }
}

/** Continues with the verdict of access control. */
function conclude(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  verdict: AuthenticationVerdict,
): void {
  if (connection.state === "closed") return;
  if (verdict.isAllowed) {
    admitInTime(core, connection, admitted(core, connection, request, verdict), undefined);
  } else {
    const message = REFUSALS[verdict.reasonCode] ?? "Refused";
    refuse(core, connection, verdict.reasonCode, message);
  }
}

function checkConnect(core: Core, connection: Connection, connect: Connect): void {
  const { listener } = connection;
  const { protocolVersion, clientId, will } = connect;
  if (!listener.acceptProtocolVersions.includes(protocolVersion)) {
    throw new MqttError(
      ReasonCode.UnsupportedProtocolVersion,
      `Protocol version ${protocolVersion} is not accepted on this listener`,
    );
  }
  if (core.isShuttingDown) {
    throw new MqttError(ReasonCode.ServerShuttingDown, "Server is shutting down");
  }
  if (connection.isOverLimit) {
    throw new MqttError(ReasonCode.QuotaExceeded, "Too many connections");
  }
  if (clientId === "") {
    // 3.1 has no assigned ids; 3.1.1 only for sessions that end with their connection. [v3 MQTT-3.1.3-7] [v3 MQTT-3.1.3-8]
    const isAssignable = protocolVersion === 5 || protocolVersion === 4 && connect.cleanStart;
    const isAllowed = listener.allowZeroLengthClientId ?? core.options.allowZeroLengthClientId;
    if (!isAssignable || !isAllowed) {
      throw new MqttError(ReasonCode.ClientIdentifierNotValid, "Client Identifier is empty");
    }
  }
  if (listener.bridge === undefined && clientId.startsWith(BRIDGE_CLIENT_PREFIX)) {
    throw new MqttError(
      ReasonCode.ClientIdentifierNotValid,
      `Client Identifiers that begin with ${BRIDGE_CLIENT_PREFIX} are for this broker's bridges`,
    );
  }
  checkKeepAlive(core, connect);
  if (will !== undefined) checkWill(core, connection, will);
}

/**
 * Checks the Keep Alive. A 5.0 client is told a shorter one; older versions cannot be told, so they are refused, as mosquitto does.
 */
function checkKeepAlive(core: Core, { protocolVersion, keepAliveSeconds }: Connect): void {
  const { maxKeepAliveSeconds } = core.options;
  if (maxKeepAliveSeconds === 0 || protocolVersion === 5) return;
  if (keepAliveSeconds > 0 && keepAliveSeconds <= maxKeepAliveSeconds) return;
  throw new MqttError(
    ReasonCode.ClientIdentifierNotValid,
    `Keep Alive of ${keepAliveSeconds} seconds is not within max_keepalive, ${maxKeepAliveSeconds}`,
  );
}

function checkWill(core: Core, connection: Connection, will: Will): void {
  const { listener } = connection;
  const { maxTopicLevels } = core.options;
  const wholeName = listener.mountPoint + will.topicName;
  if (!isTopicName(will.topicName) || !isTopicName(wholeName, maxTopicLevels)) {
    throw new MqttError(ReasonCode.TopicNameInvalid, "Will Topic is not a Topic Name");
  }
  const { messageSizeLimitBytes } = core.options;
  if (messageSizeLimitBytes > 0 && will.payload.length > messageSizeLimitBytes) {
    core.metrics.countDrop("message_size_limit");
    // Before 5.0 no code fits; mosquitto uses this one.
    const reasonCode = connection.protocolVersion === 5
      ? ReasonCode.PacketTooLarge
      : ReasonCode.NotAuthorized;
    throw new MqttError(reasonCode, `Will is larger than ${messageSizeLimitBytes} bytes`);
  }
  const { maxTotalQueuedBytes } = core.options;
  const neededBytes = core.totalQueuedBytes + willSizeBytes(will);
  if (maxTotalQueuedBytes > 0 && neededBytes > maxTotalQueuedBytes) {
    throw new MqttError(ReasonCode.QuotaExceeded, "No room for another will");
  }
  if (connection.protocolVersion < 5) return;
  if (will.properties !== undefined) checkResponseTopic(will.properties);
  if (will.qos > listener.maxQos) {
    // [MQTT-3.2.2-12]
    throw new MqttError(ReasonCode.QoSNotSupported, `Cannot accept a will of QoS ${will.qos}`);
  }
  if (will.retain && !core.options.retainAvailable) {
    // [MQTT-3.2.2-13]
    throw new MqttError(ReasonCode.RetainNotSupported, "Cannot accept a retained will");
  }
}
