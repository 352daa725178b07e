import type { ReasonCode } from "./reason_code.ts";

/**
 * A fault of the peer: its packet breaks the specification or a limit.
 *
 * Thrown by the decoder (form, mostly 0x81) and by the broker's handlers (meaning, mostly 0x82), caught once per
 * connection, which is told the Reason Code where its version of MQTT can carry one, and closed.
 */
export class MqttError extends Error {
  override readonly name = "MqttError";
  constructor(readonly reasonCode: ReasonCode, message: string) {
    super(message);
  }
}
