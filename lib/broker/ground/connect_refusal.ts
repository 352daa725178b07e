import { mayCarry, ReasonCode } from "../../codec/mod.ts";

/** Replacements for a Reason Code that only the other of the two packets (CONNACK, DISCONNECT) may carry. */
const INSTEAD: Readonly<Partial<Record<ReasonCode, ReasonCode>>> = {
  [ReasonCode.ServerShuttingDown]: ReasonCode.ServerUnavailable,
  [ReasonCode.BadUserNameOrPassword]: ReasonCode.NotAuthorized,
  [ReasonCode.ServerUnavailable]: ReasonCode.ServerBusy,
};

/**
 * The Reason Code that the last packet of a connection, CONNACK or DISCONNECT, may carry for `code`. [MQTT-3.2.2-8] [MQTT-3.14.2-1]
 */
export function lastReasonCode(packet: "connack" | "disconnect", code: ReasonCode): ReasonCode {
  return mayCarry(packet, code) ? code : INSTEAD[code] ?? ReasonCode.ProtocolError;
}

/**
 * The Connect Return code of 3.1 and 3.1.1 for a Reason Code; `undefined` where these versions have none: the broker then closes
 * the connection without a CONNACK. [v3 MQTT-3.2.2-6]
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
