import { ReasonCode } from "./reason_code.ts";

/**
 * A fault of the peer: its packet breaks the specification or a limit.
 *
 * Thrown by the decoder (form, mostly 0x81) and by the broker's handlers (meaning, mostly 0x82), caught once per
 * connection, which is told the Reason Code where its version of MQTT can carry one, and closed.
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
 * A packet that cannot be put on the wire: a value of it is none that its field can hold. Not the peer's fault but that of whoever made
 * the packet, in a broker often out of what another peer sent: so it costs this one packet or its receiver, and nobody else.
 */
export class EncodeError extends Error {
  /** For logs. */
  override readonly name = "EncodeError";

  /**
   * `field` is the packet's key that is wrong, `remainingLength` where all fields together are too long; `reasonCode` tells that
   * (0x95) from the others (0x83).
   */
  constructor(
    readonly field: string,
    message: string,
    readonly reasonCode: ReasonCode = ReasonCode.ImplementationSpecificError,
  ) {
    super(message);
  }
}

/** The error for a packet that cannot be read as the specification lays it out. */
export function malformed(message: string): MqttError {
  return new MqttError(ReasonCode.MalformedPacket, message);
}

/** The error for a packet that can be read, but says what the specification does not allow. */
export function protocolError(message: string): MqttError {
  return new MqttError(ReasonCode.ProtocolError, message);
}
