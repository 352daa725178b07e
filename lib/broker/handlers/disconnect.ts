import { type Disconnect, MqttError, ReasonCode } from "../../codec/mod.ts";
import type { Core } from "../core/core.ts";
import { disconnect, limitExpiry } from "../services/lifecycle.ts";
import { forgetWill } from "../services/wills.ts";
import type { Connection } from "../state/connection.ts";

/** Handles DISCONNECT: the client ends its connection. */
export function handleDisconnect(core: Core, connection: Connection, packet: Disconnect): void {
  const client = connection.client!;
  const { session } = client;
  const seconds = packet.properties?.sessionExpiryInterval;
  if (seconds !== undefined) {
    if (connection.asked.expirySeconds === 0 && seconds > 0) {
      // The client is told, and its connection closed as for any fault, which publishes the will. [MQTT-3.14.2-2]
      throw new MqttError(
        ReasonCode.ProtocolError,
        "Session Expiry Interval was 0 in CONNECT and is not in DISCONNECT",
      );
    }
    session.expirySeconds = limitExpiry(core, seconds);
  }
  // [MQTT-3.14.4-3] but 0x04 keeps the will.
  if (packet.reasonCode === ReasonCode.Success) forgetWill(core, connection);
  connection.cause = "client";
  disconnect(core, connection, undefined);
}
