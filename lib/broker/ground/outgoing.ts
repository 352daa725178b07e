import {
  type Packet,
  packetSize,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "../../codec/mod.ts";
import type { Delivery, Message } from "../../session/mod.ts";

/** The largest value of a Four Byte Integer. */
const MAX_SECONDS = 0xffffffff;

/**
 * The properties of the forwarded message: its own, the remaining expiry, and the Subscription Identifiers of the matching
 * subscriptions.
 */
export function outgoingProperties(
  message: Message,
  subscriptionIdentifiers: readonly number[] | undefined,
  nowMs: number,
  hasShared = false,
): Properties | undefined {
  let properties = hasShared ? undefined : message.properties;
  if (message.expiresAtMs !== Infinity) {
    // The remaining seconds, not the interval of the publisher. [MQTT-3.3.2-6]
    const seconds = Math.ceil((message.expiresAtMs - nowMs) / 1000);
    // After a clock was set back, or by rounding up, the remaining seconds may be more than four bytes can hold.
    const messageExpiryInterval = Math.min(Math.max(0, seconds), MAX_SECONDS);
    properties = { ...properties, messageExpiryInterval };
  }
  if (subscriptionIdentifiers !== undefined) {
    properties = { ...properties, subscriptionIdentifiers };
  }
  return properties;
}

/** A message as one client gets it: a {@linkcode Delivery}, or for QoS 0 only a part of its fields. */
export type Outgoing =
  & Pick<Delivery, "qos" | "retain" | "subscriptionIdentifiers">
  & { readonly message: Message };

/** What the PUBLISH for one client depends on, apart from the message. */
export interface PublishContext {
  readonly protocolVersion: ProtocolVersion;
  /** The prefix to take off every Topic Name; `""`: none. */
  readonly mountPoint: string;
  readonly nowMs: number;
  /** Whether the message's own properties are encoded already, and are to be left out here. */
  readonly hasShared: boolean;
}

/** The PUBLISH for one client. */
export function publishPacket(
  outgoing: Outgoing,
  packetId: number,
  isRepeat: boolean,
  { protocolVersion, mountPoint, nowMs, hasShared }: PublishContext,
): Publish {
  const { message, qos, retain } = outgoing;
  let { topicName } = message;
  if (mountPoint !== "" && topicName.startsWith(mountPoint)) {
    topicName = topicName.slice(mountPoint.length);
  }
  const properties = protocolVersion === 5
    ? outgoingProperties(message, outgoing.subscriptionIdentifiers, nowMs, hasShared)
    : undefined;
  const { payload } = message;
  return { type: "publish", topicName, payload, qos, retain, dup: isRepeat, packetId, properties };
}

/** What the client accepts in packets other than PUBLISH. */
export interface ClientLimits {
  readonly protocolVersion: ProtocolVersion;
  /** `Infinity`: no limit. */
  readonly maxPacketSizeBytes: number;
  /** Whether Reason String and User Property may go into every packet. [MQTT-3.1.2-29] */
  readonly wantsProblemInformation: boolean;
}

/**
 * The packet without optional text that the client did not ask for or has no room for; `undefined` where even that is too large.
 */
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
