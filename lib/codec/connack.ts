import { malformed } from "./error.ts";
import type { Connack, ProtocolVersion } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { allowedReasonCode } from "./reason_code_sets.ts";
import { requireInteger, type Sink } from "./sink.ts";

/** The last Connect Return code before 5.0. */
const MAX_RETURN_CODE = 5;

/** Reads the body of a CONNACK. */
export function decodeConnack(reader: Reader, version: ProtocolVersion): Connack {
  const flags = reader.byte();
  // In 3.1 the byte is reserved and has no meaning; later only bit 0 (Session Present) has one. [MQTT-3.2.2-1]
  if (version > 3 && flags > 1) throw malformed(`Cannot read CONNACK: flags are ${flags}`);
  const code = reader.byte();
  if (version < 5 && code > MAX_RETURN_CODE) {
    throw malformed(`Cannot read CONNACK: Return Code is ${code}`);
  }
  const reasonCode = version === 5 ? allowedReasonCode(code, "connack") : code; // [MQTT-3.2.2-8]
  const properties = version === 5 ? decodeProperties(reader, "connack") : undefined;
  reader.finish();
  return {
    type: "connack",
    sessionPresent: version > 3 && flags === 1,
    reasonCode,
    ...(properties && { properties }),
  };
}

/** Writes the body of a CONNACK. 3.1 has no Session Present, and no version before 5.0 has properties: they are left out. */
export function encodeConnack(packet: Connack, version: ProtocolVersion, sink: Sink): void {
  if (version < 5) requireInteger(packet.reasonCode, MAX_RETURN_CODE, "reasonCode");
  sink.byte(version > 3 && packet.sessionPresent ? 1 : 0, "sessionPresent");
  sink.byte(packet.reasonCode, "reasonCode");
  if (version === 5) encodeProperties(packet.properties, "connack", sink);
}
