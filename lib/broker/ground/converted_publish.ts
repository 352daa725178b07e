import { writeVarint } from "../../codec/mod.ts";
import type { ByteBuffer } from "./byte_buffer.ts";

/** The most bytes by which a PUBLISH grows: one for the length of its properties, and one for its Remaining Length. */
export const MOST_ADDED_BYTES = 2;

/**
 * Appends a PUBLISH of QoS 1 without properties, received in 5.0 (`isV5`) or before, as the other of the two needs it: only in 5.0 it
 * has a length of the properties. `idAt` is the offset of its Packet Identifier, which `packetId` replaces.
 */
export function appendConverted(
  buffer: ByteBuffer,
  packet: Uint8Array,
  isV5: boolean,
  packetId: number,
  idAt: number,
): void {
  let at = buffer.reserve(packet.length + MOST_ADDED_BYTES);
  const { bytes } = buffer;
  let nameAt = 1;
  while (packet[nameAt]! >= 0x80) nameAt++;
  nameAt++;
  const bodyBytes = packet.length - nameAt + (isV5 ? -1 : 1);
  bytes[at++] = packet[0]!;
  at = writeVarint(bodyBytes, bytes, at);
  for (let i = nameAt; i < idAt; i++) bytes[at++] = packet[i]!;
  bytes[at++] = packetId >> 8;
  bytes[at++] = packetId;
  if (!isV5) bytes[at++] = 0;
  const payloadAt = isV5 ? idAt + 3 : idAt + 2;
  bytes.set(packet.subarray(payloadAt), at);
  buffer.length = at + packet.length - payloadAt;
}
