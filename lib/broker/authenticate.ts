import { type Auth, MqttError, type Properties, ReasonCode } from "../codec/mod.ts";
import type { Connection } from "./connection.ts";
import { Deadline } from "./deadlines.ts";
import { disconnect } from "./lifecycle.ts";
import type { AuthenticationRequest, AuthenticationVerdict, EnhancedStep } from "./ports.ts";
import { admit } from "./admit.ts";

/** Why somebody is not let in, in words. */
const REFUSALS: Readonly<Partial<Record<ReasonCode, string>>> = {
  [ReasonCode.BadUserNameOrPassword]: "Bad user name or password",
  [ReasonCode.NotAuthorized]: "Not authorized",
  [ReasonCode.ServerBusy]: "Too many passwords wait to be checked",
  [ReasonCode.ConnectionRateExceeded]: "Too many failed attempts from this address",
};

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

/** The verdict of access control is there. */
export function conclude(
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

/** Tells a client why it does not come in, and closes. */
export function refuse(connection: Connection, reasonCode: ReasonCode, message: string): void {
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

/** Begins the exchange of the Authentication Method that CONNECT names. */
export function beginEnhanced(
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
