import { type Auth, MqttError, type Properties, ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import type { AuthenticationRequest, EnhancedStep } from "../ground/ports.ts";
import { actFor, refuse } from "../services/lifecycle.ts";
import type { Connection } from "../state/connection.ts";
import { admitInTime } from "./admit.ts";
import { admitted, renew } from "./admittance.ts";

/** Handles AUTH: the next step of an enhanced authentication, or the start of re-authentication. [MQTT-4.12.1-1] */
export function handleAuth(core: Core, connection: Connection, packet: Auth): void {
  const { authentication } = connection;
  const expected = authentication?.exchange === null
    ? ReasonCode.ReAuthenticate
    : ReasonCode.ContinueAuthentication;
  if (authentication === null || packet.reasonCode !== expected) {
    throw new MqttError(ReasonCode.ProtocolError, "Unexpected AUTH");
  }
  if (packet.properties?.authenticationMethod !== authentication.method) {
    // [MQTT-4.12.0-5]
    throw new MqttError(ReasonCode.ProtocolError, "AUTH names another Authentication Method");
  }
  const { ports } = core;
  if (packet.reasonCode === ReasonCode.ReAuthenticate) {
    const exchange = ports.access.beginEnhanced(authentication.method, authentication.request);
    if (exchange === undefined) {
      throw new MqttError(ReasonCode.BadAuthenticationMethod, "Cannot re-authenticate");
    }
    connection.authentication = { ...authentication, exchange };
  }
  step(core, connection, packet.properties?.authenticationData);
}

/** Hands the client's data to the exchange; until that answers, no more packets of the client are handled. */
function step(core: Core, connection: Connection, data: Uint8Array | undefined): void {
  const { exchange } = connection.authentication!;
  connection.stops.stop("verdict");
  exchange!.step(data?.slice(), (answer) => {
    core.beginTurn();
    actFor(core, connection, () => answerStep(core, connection, answer));
    core.resumeInTurn(connection, "verdict");
  });
}

function answerStep(core: Core, connection: Connection, answer: EnhancedStep): void {
  const { authentication } = connection;
  if (connection.state === "closed" || authentication === null) return;
  const { method } = authentication;
  const properties = propertiesOf(method, answer);
  if (answer.type === "failure") {
    refuse(core, connection, answer.reasonCode, "Authentication failed");
  } else if (answer.type === "continue") {
    const reasonCode = ReasonCode.ContinueAuthentication;
    connection.outbox.send({ type: "auth", reasonCode, properties });
  } else if (connection.state === "authenticating") {
    const request = admitted(core, connection, authentication.request, answer);
    connection.authentication = { method, request, exchange: null };
    admitInTime(core, connection, request, properties);
  } else if (isAnotherUser(connection, answer.userName)) {
    refuse(core, connection, ReasonCode.NotAuthorized, "Cannot re-authenticate as another user");
  } else {
    connection.authentication = { ...authentication, exchange: null };
    renew(core, connection, answer);
    connection.outbox.send({ type: "auth", reasonCode: ReasonCode.Success, properties });
  }
}

function propertiesOf(authenticationMethod: string, answer: EnhancedStep): Properties {
  const data = answer.type === "failure" ? undefined : answer.data;
  return {
    authenticationMethod,
    ...(data === undefined ? {} : { authenticationData: data }),
  };
}

/** Whether re-authentication gives another user name, which is refused: the client's rights depend on its user name. */
function isAnotherUser(connection: Connection, userName: string | undefined): boolean {
  return userName !== undefined && userName !== connection.identity!.userName;
}

/** Begins the exchange of the Authentication Method that CONNECT names. */
export function beginEnhanced(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  method: string,
): void {
  const exchange = core.ports.access.beginEnhanced(method, request);
  if (exchange === undefined) {
    // [MQTT-4.12.0-1]
    throw new MqttError(
      ReasonCode.BadAuthenticationMethod,
      "Authentication Method is not supported",
    );
  }
  connection.authentication = { method, exchange, request };
  step(core, connection, request.connect.properties?.authenticationData);
}
