import { Packer, Unpacker } from "./packed_numbers.ts";
import type { WillRow } from "./rows.ts";

/** Of a will, about, bytes. */
const ABOUT_BYTES = 64;

/** Packs wills one after the other into one buffer: to copy separate packets to another thread takes longer than to make them. */
export function packWills(rows: readonly WillRow[]): Uint8Array<ArrayBuffer> {
  const packer = new Packer(rows.length * ABOUT_BYTES);
  for (const [sessionId, packet, dueAtMs, delaySeconds, isOrphan] of rows) {
    packer.number(sessionId);
    packer.float(dueAtMs);
    packer.float(delaySeconds);
    packer.byte(isOrphan);
    packer.number(packet.length);
    packer.room(packet.length);
    packer.bytes.set(packet, packer.at);
    packer.at += packet.length;
  }
  return packer.take();
}

/** Unpacks the rows of {@linkcode packWills}; their packets are views of `bytes`. */
export function unpackWills(bytes: Uint8Array<ArrayBuffer>): WillRow[] {
  const rows: WillRow[] = [];
  const unpacker = new Unpacker(bytes, 0);
  while (unpacker.at < bytes.length) {
    const sessionId = unpacker.number();
    const dueAtMs = unpacker.float();
    const delaySeconds = unpacker.float();
    const isOrphan = unpacker.byte();
    const length = unpacker.number();
    unpacker.at += length;
    const packet = bytes.subarray(unpacker.at - length, unpacker.at);
    rows.push([sessionId, packet, dueAtMs, delaySeconds, isOrphan]);
  }
  return rows;
}
