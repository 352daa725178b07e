import { malformed } from "./error.ts";
import type { Acknowledgement, ProtocolVersion } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import { requirePacketId, type Sink } from "./sink.ts";

/** The four answers around a PUBLISH, which look alike. */
export type AcknowledgementType = "puback" | "pubrec" | "pubrel" | "pubcomp";

/**
 * Reads the body of a PUBACK, PUBREC, PUBREL or PUBCOMP. In 5.0 the Reason Code may be missing, which
 * means Success, and the properties after it may be missing too.
 */
export function decodeAcknowledgement<Type extends AcknowledgementType>(
  type: Type,
  reader: Reader,
  version: ProtocolVersion,
): Acknowledgement<Type> {
  const packetId = reader.packetId();
  if (reader.isAtEnd) return { type, packetId, reasonCode: ReasonCode.Success };
  if (version < 5) throw malformed(`Cannot read ${type}: more than a Packet Identifier`);
  // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
  const reasonCode = allowedReasonCode(reader.byte(), type);
  const properties = reader.isAtEnd ? undefined : decodeProperties(reader, type);
  reader.finish();
  return { type, packetId, reasonCode, ...(properties && { properties }) };
}

/** Writes the shortest form of the body. Before 5.0 it has neither Reason Code nor properties: they are left out. */
export function encodeAcknowledgement(
  packet: Acknowledgement<AcknowledgementType>,
  version: ProtocolVersion,
  sink: Sink,
): void {
  requirePacketId(packet.packetId);
  sink.uint16(packet.packetId, "packetId");
  if (version < 5) return;
  if (packet.properties !== undefined) {
    sink.byte(packet.reasonCode, "reasonCode");
    encodeProperties(packet.properties, packet.type, sink);
  } else if (packet.reasonCode !== ReasonCode.Success) {
    sink.byte(packet.reasonCode, "reasonCode");
  }
}

/**
 * Writes the four bytes of an acknowledgement that says Success, the same in all versions; returns the offset behind
 * them. `firstByte` is 0x40 for PUBACK, 0x50 PUBREC, 0x62 PUBREL, 0x70 PUBCOMP.
 */
export function encodeAckInto(
  firstByte: number,
  packetId: number,
  target: Uint8Array,
  offset: number,
): number {
  requirePacketId(packetId);
  target[offset] = firstByte;
  target[offset + 1] = 2;
  target[offset + 2] = packetId >> 8;
  target[offset + 3] = packetId & 0xff;
  return offset + 4;
}
