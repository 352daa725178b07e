import type { Disconnect, ProtocolVersion } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import type { Sink } from "./sink.ts";

/** Reads the body of a DISCONNECT: empty before 5.0; in 5.0 all of it may be missing, and means Normal disconnection. */
export function decodeDisconnect(reader: Reader, version: ProtocolVersion): Disconnect {
  if (version < 5) reader.finish();
  if (reader.isAtEnd) return { type: "disconnect", reasonCode: ReasonCode.Success };
  const reasonCode = allowedReasonCode(reader.byte(), "disconnect"); // [MQTT-3.14.2-1]
  const properties = reader.isAtEnd ? undefined : decodeProperties(reader, "disconnect");
  reader.finish();
  return { type: "disconnect", reasonCode, ...(properties && { properties }) };
}

/** Writes the body of a DISCONNECT as short as it can be. */
export function encodeDisconnect(packet: Disconnect, version: ProtocolVersion, sink: Sink): void {
  if (version < 5) return;
  if (packet.properties !== undefined) {
    sink.byte(packet.reasonCode, "reasonCode");
    encodeProperties(packet.properties, "disconnect", sink);
  } else if (packet.reasonCode !== ReasonCode.Success) {
    sink.byte(packet.reasonCode, "reasonCode");
  }
}
