import {
  decodePacket,
  frameLength,
  type Packet,
  type ProtocolVersion,
} from "../../lib/codec/mod.ts";

/** The packets in these bytes, which end with a packet. */
export function wholePackets(bytes: Uint8Array, version: ProtocolVersion): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + frameLength(bytes, at, bytes.length, 0x0fffffff);
    packets.push(decodePacket(bytes, at, end, version));
    at = end;
  }
  return packets;
}
