import {
  type Packet,
  packetSize,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "../../codec/mod.ts";
import type { Delivery, Message } from "../../session/mod.ts";

/** The most that four bytes hold. */
const MAX_SECONDS = 0xffffffff;

/** The properties that a message travels on with: its own, the time it has left, the subscriptions it came by. */
export function outgoingProperties(
  message: Message,
  subscriptionIdentifiers: readonly number[] | undefined,
  nowMs: number,
  hasShared = false,
): Properties | undefined {
  let properties = hasShared ? undefined : message.properties;
  if (message.expiresAtMs !== Infinity) {
    // What is left, not what was given. [MQTT-3.3.2-6]
    const seconds = Math.ceil((message.expiresAtMs - nowMs) / 1000);
    // A clock that was set back, or what is left rounded up, may be more than a packet can say.
    const messageExpiryInterval = Math.min(Math.max(0, seconds), MAX_SECONDS);
    properties = { ...properties, messageExpiryInterval };
  }
  if (subscriptionIdentifiers !== undefined) {
    properties = { ...properties, subscriptionIdentifiers };
  }
  return properties;
}

/** A message as one client gets it: a {@linkcode Delivery}, or for QoS 0 less than that. */
export type Outgoing =
  & Pick<Delivery, "qos" | "retain" | "subscriptionIdentifiers">
  & { readonly message: Message };

/** What a PUBLISH depends on beside the message. */
export interface PublishContext {
  readonly protocolVersion: ProtocolVersion;
  /** Taken off every Topic Name; `""`: none. */
  readonly mountPoint: string;
  readonly nowMs: number;
  /** The message's own properties are encoded already, and left out here. */
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
