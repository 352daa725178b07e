import type { ProtocolVersion, Unsuback } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import { requirePacketId, type Sink } from "./sink.ts";

/** Reads the body of an UNSUBACK: before 5.0 a Packet Identifier alone. */
export function decodeUnsuback(reader: Reader, version: ProtocolVersion): Unsuback {
  const packetId = reader.packetId();
  if (version < 5) {
    reader.finish();
    return { type: "unsuback", packetId, reasonCodes: [] };
  }
  const properties = decodeProperties(reader, "unsuback");
  const reasonCodes: number[] = [];
  while (!reader.isAtEnd) reasonCodes.push(allowedReasonCode(reader.byte(), "unsuback")); // [MQTT-3.11.3-2]
  return { type: "unsuback", packetId, reasonCodes, ...(properties && { properties }) };
}

/** Writes the body of an UNSUBACK; before 5.0 Reason Codes and properties are left out. */
export function encodeUnsuback(packet: Unsuback, version: ProtocolVersion, sink: Sink): void {
  requirePacketId(packet.packetId);
  sink.uint16(packet.packetId, "packetId");
  if (version < 5) return;
  encodeProperties(packet.properties, "unsuback", sink);
  for (const code of packet.reasonCodes) sink.byte(code, "reasonCodes");
}
