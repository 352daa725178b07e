import { type Packet, packetSize, type Properties, type ProtocolVersion } from "../codec/mod.ts";
import type { Message } from "../session/mod.ts";

/** The properties that a message travels on with: its own, the time it has left, the subscriptions it came by. */
export function outgoingProperties(
  message: Message,
  subscriptionIdentifiers: readonly number[] | undefined,
  nowMs: number,
): Properties | undefined {
  let properties = message.properties;
  if (message.expiresAtMs !== Infinity) {
    // What is left, not what was given. [MQTT-3.3.2-6]
    const messageExpiryInterval = Math.max(0, Math.ceil((message.expiresAtMs - nowMs) / 1000));
    properties = { ...properties, messageExpiryInterval };
  }
  if (subscriptionIdentifiers !== undefined) {
    properties = { ...properties, subscriptionIdentifiers };
  }
  return properties;
}

/** What a client takes of the packets that are not PUBLISH. */
export interface ClientLimits {
  readonly protocolVersion: ProtocolVersion;
  /** `Infinity`: no limit. */
  readonly maxPacketSizeBytes: number;
  /** Whether Reason String and User Property may go into every packet. [MQTT-3.1.2-29] */
  readonly wantsProblemInformation: boolean;
}

/** The packet without text that the client did not ask for or has no room for; `undefined` where even that is too large. */
export function fit(packet: Packet, limits: ClientLimits): Packet | undefined {
  const isExempt = packet.type === "connack" || packet.type === "disconnect";
  const fitting = limits.wantsProblemInformation || isExempt ? packet : withoutText(packet);
  if (hasRoomFor(fitting, limits)) return fitting;
  const bare = withoutText(fitting);
  return hasRoomFor(bare, limits) ? bare : undefined;
}

function hasRoomFor(packet: Packet, limits: ClientLimits): boolean {
  return limits.maxPacketSizeBytes === Infinity ||
    packetSize(packet, limits.protocolVersion) <= limits.maxPacketSizeBytes;
}

function withoutText(packet: Packet): Packet {
  if (!("properties" in packet) || packet.properties === undefined) return packet;
  const { reasonString: _, userProperties: __, ...properties } = packet.properties;
  return { ...packet, properties } as Packet;
}
