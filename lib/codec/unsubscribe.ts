import { EncodeError, MAX_FILTERS, protocolError, tooManyFilters } from "./error.ts";
import type { ProtocolVersion, Unsubscribe } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { requirePacketId, type Sink } from "./sink.ts";

/** Reads the body of an UNSUBSCRIBE. */
export function decodeUnsubscribe(reader: Reader, version: ProtocolVersion): Unsubscribe {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, "unsubscribe") : undefined;
  const topicFilters: string[] = [];
  while (!reader.isAtEnd) {
    if (topicFilters.length === MAX_FILTERS) throw tooManyFilters("UNSUBSCRIBE");
    topicFilters.push(reader.text()); // [MQTT-3.10.3-1] [v3 MQTT-3.10.3-1]
  }
  if (topicFilters.length === 0) { // [MQTT-3.10.3-2] [v3 MQTT-3.10.3-2]
    throw protocolError("Cannot accept UNSUBSCRIBE: it has no Topic Filter");
  }
  return { type: "unsubscribe", packetId, topicFilters, ...(properties && { properties }) };
}

/** Writes the body of an UNSUBSCRIBE. */
export function encodeUnsubscribe(packet: Unsubscribe, version: ProtocolVersion, sink: Sink): void {
  if (packet.topicFilters.length === 0) {
    throw new EncodeError("topicFilters", "Cannot encode UNSUBSCRIBE without a Topic Filter");
  }
  requirePacketId(packet.packetId);
  sink.uint16(packet.packetId, "packetId");
  if (version === 5) encodeProperties(packet.properties, "unsubscribe", sink);
  for (const topicFilter of packet.topicFilters) sink.text(topicFilter, "topicFilters");
}
