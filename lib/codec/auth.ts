import { EncodeError, malformed } from "./error.ts";
import type { Auth, ProtocolVersion } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import type { Sink } from "./sink.ts";

/** Reads the body of an AUTH. The packet type is forbidden before 5.0; an empty body means Success without properties. */
export function decodeAuth(reader: Reader, version: ProtocolVersion): Auth {
  if (version < 5) throw malformed("Cannot read a packet of type 15 before MQTT 5.0");
  if (reader.isAtEnd) return { type: "auth", reasonCode: ReasonCode.Success };
  const reasonCode = allowedReasonCode(reader.byte(), "auth"); // [MQTT-3.15.2-1]
  const properties = decodeProperties(reader, "auth");
  reader.finish();
  return { type: "auth", reasonCode, ...(properties && { properties }) };
}

/** Writes the body of an AUTH; throws `EncodeError` before 5.0. */
export function encodeAuth(packet: Auth, version: ProtocolVersion, sink: Sink): void {
  if (version < 5) throw new EncodeError("type", "Cannot encode AUTH before MQTT 5.0");
  if (packet.properties === undefined && packet.reasonCode === ReasonCode.Success) return;
  sink.byte(packet.reasonCode, "reasonCode");
  encodeProperties(packet.properties, "auth", sink);
}
