import { encodePacket, type Packet, type ProtocolVersion } from "../../lib/codec/mod.ts";
import { connectPacket, publishPacket, subscribePacket } from "./raw_client.ts";

/** A conversation with all features: a will, a subscription, each QoS, both directions. */
export function conversation(protocolVersion: ProtocolVersion): Uint8Array {
  const will = {
    topicName: "own/will",
    payload: new Uint8Array(10),
    qos: 1,
    retain: false,
  } as const;
  const packets: Packet[] = [
    connectPacket({ protocolVersion, will }),
    subscribePacket("own/#", 2),
    publishPacket("own/a", "zero"),
    publishPacket("own/b", "one", 1, 1),
    publishPacket("own/c", "two", 2, 2),
    { type: "pubrel", packetId: 2, reasonCode: 0 },
    { type: "puback", packetId: 1, reasonCode: 0 },
    { type: "unsubscribe", packetId: 3, topicFilters: ["own/#"] },
    { type: "pingreq" },
  ];
  return encodePackets(packets, protocolVersion);
}

/** Encodes the packets one after the other. */
export function encodePackets(
  packets: readonly Packet[],
  protocolVersion: ProtocolVersion,
): Uint8Array {
  const parts = packets.map((packet) => encodePacket(packet, protocolVersion));
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
