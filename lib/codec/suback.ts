import { EncodeError, protocolError } from "./error.ts";
import type { ProtocolVersion, Suback } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import { requirePacketId, type Sink } from "./sink.ts";

/** Reads the body of a SUBACK. */
export function decodeSuback(reader: Reader, version: ProtocolVersion): Suback {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, "suback") : undefined;
  const reasonCodes: number[] = [];
  while (!reader.isAtEnd) {
    const code = reader.byte();
    if (version < 5 && !isReturnCode(code)) { // [v3 MQTT-3.9.3-2]
      throw protocolError(`Cannot accept Return Code ${code} in suback`);
    }
    reasonCodes.push(version === 5 ? allowedReasonCode(code, "suback") : code); // [MQTT-3.9.3-2]
  }
  return { type: "suback", packetId, reasonCodes, ...(properties && { properties }) };
}

/** Writes the body of a SUBACK; a Return Code that is not one before 5.0 is an `EncodeError`. */
export function encodeSuback(packet: Suback, version: ProtocolVersion, sink: Sink): void {
  requirePacketId(packet.packetId);
  sink.uint16(packet.packetId, "packetId");
  if (version === 5) encodeProperties(packet.properties, "suback", sink);
  for (const code of packet.reasonCodes) {
    if (version < 5 && !isReturnCode(code)) {
      throw new EncodeError("reasonCodes", `Cannot encode Return Code ${code} in suback`);
    }
    sink.byte(code, "reasonCodes");
  }
}

function isReturnCode(code: number): boolean {
  return code === 0 || code === 1 || code === 2 || code === 0x80;
}
