import { ReasonCode } from "./reason_code.ts";

/**
 * A fault of the peer: its packet breaks the specification or a limit.
 *
 * Thrown by the decoder (form, mostly 0x81) and by the broker's handlers (meaning, mostly 0x82), caught in one
 * place: the connection is told the Reason Code, where its version has one, and is closed.
 */
export class MqttError extends Error {
  /** For logs. */
  override readonly name = "MqttError";

  /** `reasonCode` is for the peer, `message` for our own logs. */
  constructor(readonly reasonCode: ReasonCode, message: string) {
    super(message);
  }
}

/**
 * A packet that cannot be encoded, because a field cannot hold its value. The fault is that of the program that made the packet, in a
 * broker often from what another peer sent. So it costs this packet or its receiver, and no other connection.
 */
export class EncodeError extends Error {
  /** For logs. */
  override readonly name = "EncodeError";

  /**
   * `field` is the packet's key that is wrong, `remainingLength` where all fields together are too long. `reasonCode` is 0x95 for
   * the latter, and 0x83 for all other faults.
   */
  constructor(
    readonly field: string,
    message: string,
    readonly reasonCode: ReasonCode = ReasonCode.ImplementationSpecificError,
  ) {
    super(message);
  }
}

/** The most Topic Filters of one packet that are decoded: as objects they take up to 26 times their bytes. */
export const MAX_FILTERS = 100_000;

/** The error for a SUBSCRIBE or UNSUBSCRIBE with more than {@linkcode MAX_FILTERS}. */
export function tooManyFilters(packetName: string): MqttError {
  return new MqttError(
    ReasonCode.QuotaExceeded,
    `Cannot accept more than ${MAX_FILTERS} Topic Filters in one ${packetName}`,
  );
}

/** The error for a packet that does not have the form that the specification defines. */
export function malformed(message: string): MqttError {
  return new MqttError(ReasonCode.MalformedPacket, message);
}

/** The error for a packet that has the right form, but contains what the specification does not allow. */
export function protocolError(message: string): MqttError {
  return new MqttError(ReasonCode.ProtocolError, message);
}
