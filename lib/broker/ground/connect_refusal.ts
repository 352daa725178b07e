import { mayCarry, ReasonCode } from "../../codec/mod.ts";

/** What is said in the place of a Reason Code that only the other of the two packets has. */
const INSTEAD: Readonly<Partial<Record<ReasonCode, ReasonCode>>> = {
  [ReasonCode.ServerShuttingDown]: ReasonCode.ServerUnavailable,
  [ReasonCode.BadUserNameOrPassword]: ReasonCode.NotAuthorized,
  [ReasonCode.ServerUnavailable]: ReasonCode.ServerBusy,
};

/** The Reason Code with which a connection ends, as the packet may carry it. [MQTT-3.2.2-8] [MQTT-3.14.2-1] */
export function lastReasonCode(packet: "connack" | "disconnect", code: ReasonCode): ReasonCode {
  return mayCarry(packet, code) ? code : INSTEAD[code] ?? ReasonCode.ProtocolError;
}

/**
 * The Connect Return code of 3.1 and 3.1.1 for a Reason Code; `undefined` where they have none, and the connection is closed
 * without a word. [v3 MQTT-3.2.2-6]
 */
export function returnCode(reasonCode: ReasonCode): number | undefined {
  switch (reasonCode) {
    case ReasonCode.UnsupportedProtocolVersion:
      return 1;
    case ReasonCode.ClientIdentifierNotValid:
      return 2;
    case ReasonCode.ServerUnavailable:
    case ReasonCode.ServerBusy:
    case ReasonCode.ServerShuttingDown:
    case ReasonCode.QuotaExceeded:
    case ReasonCode.ConnectionRateExceeded:
      return 3;
    case ReasonCode.BadUserNameOrPassword:
      return 4;
    case ReasonCode.NotAuthorized:
    case ReasonCode.Banned:
    case ReasonCode.BadAuthenticationMethod:
      return 5;
    default:
      return undefined;
  }
}
