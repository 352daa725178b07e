import { ReasonCode } from "../../codec/mod.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { lastReasonCode, returnCode } from "../ground/connect_refusal.ts";
import type { Connection } from "../state/connection.ts";

/** Tells the client why its connection ends: CONNACK before it is accepted, DISCONNECT after. [MQTT-3.14.0-1] */
export function sayGoodbye(connection: Connection, reason: CloseReason): void {
  const { message } = reason;
  const type = connection.outbox.hasConnack ? "disconnect" : "connack";
  const reasonCode = lastReasonCode(type, reason.reasonCode);
  const properties = { reasonString: message };
  if (type === "disconnect") {
    if (connection.protocolVersion < 5) return;
    return void connection.outbox.send({ type, reasonCode, properties });
  }
  // The client's version is not supported, but every version can read this form of CONNACK. [v3 MQTT-3.1.2-2]
  const isUnsupported = reasonCode === ReasonCode.UnsupportedProtocolVersion;
  if (connection.state === "waiting" && !isUnsupported) return;
  if (connection.protocolVersion === 5) {
    return void connection.outbox.send({ type, sessionPresent: false, reasonCode, properties });
  }
  const code = returnCode(reasonCode);
  if (code !== undefined) {
    connection.outbox.send({ type, sessionPresent: false, reasonCode: code });
  }
}
