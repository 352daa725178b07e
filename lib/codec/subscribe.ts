import { EncodeError, malformed, MAX_FILTERS, protocolError, tooManyFilters } from "./error.ts";
import type { ProtocolVersion, Qos, Subscribe, SubscriptionRequest } from "./packet.ts";
import { decodeProperties, encodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";
import { requireInteger, requirePacketId, requireQos, type Sink } from "./sink.ts";

const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;
const RETAIN_HANDLING_SHIFT = 4;

/** Reads the body of a SUBSCRIBE. */
export function decodeSubscribe(reader: Reader, version: ProtocolVersion): Subscribe {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, "subscribe") : undefined;
  const subscriptions: SubscriptionRequest[] = [];
  while (!reader.isAtEnd) {
    if (subscriptions.length === MAX_FILTERS) throw tooManyFilters("SUBSCRIBE");
    subscriptions.push(decodeSubscription(reader, version));
  }
  if (subscriptions.length === 0) { // [MQTT-3.8.3-2] [v3 MQTT-3.8.3-3]
    throw protocolError("Cannot accept SUBSCRIBE: it has no Topic Filter");
  }
  return { type: "subscribe", packetId, subscriptions, ...(properties && { properties }) };
}

/** Writes the body of a SUBSCRIBE; before 5.0 a subscription has a QoS alone, and the other options are left out. */
export function encodeSubscribe(packet: Subscribe, version: ProtocolVersion, sink: Sink): void {
  if (packet.subscriptions.length === 0) {
    throw new EncodeError("subscriptions", "Cannot encode SUBSCRIBE without a Topic Filter");
  }
  requirePacketId(packet.packetId);
  sink.uint16(packet.packetId, "packetId");
  if (version === 5) encodeProperties(packet.properties, "subscribe", sink);
  for (const subscription of packet.subscriptions) {
    requireQos(subscription.qos);
    sink.text(subscription.topicFilter, "topicFilter");
    sink.byte(version === 5 ? optionsOf(subscription) : subscription.qos, "qos");
  }
}

function decodeSubscription(reader: Reader, version: ProtocolVersion): SubscriptionRequest {
  const topicFilter = reader.text(); // [MQTT-3.8.3-1] [v3 MQTT-3.8.3-1]
  const options = reader.byte();
  const reserved = version === 5 ? 0xc0 : 0xfc;
  if ((options & reserved) !== 0 || (options & 3) === 3) { // [MQTT-3.8.3-5] [v3 MQTT-3.8.3-4]
    throw malformed(`Cannot read SUBSCRIBE: options of a Topic Filter are ${options}`);
  }
  const retainHandling = options >> RETAIN_HANDLING_SHIFT & 3;
  if (retainHandling === 3) throw protocolError("Cannot accept a Retain Handling of 3");
  return {
    topicFilter,
    qos: (options & 3) as Qos,
    noLocal: (options & NO_LOCAL) !== 0,
    retainAsPublished: (options & RETAIN_AS_PUBLISHED) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

function optionsOf(subscription: SubscriptionRequest): number {
  requireInteger(subscription.retainHandling, 2, "retainHandling");
  return subscription.qos | (subscription.noLocal ? NO_LOCAL : 0) |
    (subscription.retainAsPublished ? RETAIN_AS_PUBLISHED : 0) |
    subscription.retainHandling << RETAIN_HANDLING_SHIFT;
}
