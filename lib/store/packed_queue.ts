import { encodeText, NameCache } from "../codec/mod.ts";
import { type QueuedRow, toEndless } from "./rows.ts";

/** Before each row's publisher, identifiers and packet: bytes of these three and the flags (32 bits each), three floats. */
const HEAD_BYTES = 40;

/** Packs the rows one after the other into one buffer, which is transferred to another thread without a copy. */
export function packQueue(rows: readonly QueuedRow[]): Uint8Array<ArrayBuffer> {
  // Most rows have the same publisher and the same identifiers.
  const encoded = new Map<string, Uint8Array>();
  let sizeBytes = HEAD_BYTES * rows.length;
  for (const { publisher, identifiers, packet } of rows) {
    sizeBytes += packet.length;
    for (const text of [publisher, identifiers ?? ""]) {
      let bytes = encoded.get(text);
      if (bytes === undefined) encoded.set(text, bytes = encodeText(text));
      sizeBytes += bytes.length;
    }
  }
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const row of rows) {
    const { packet } = row;
    const publisher = encoded.get(row.publisher)!;
    const identifiers = encoded.get(row.identifiers ?? "")!;
    view.setUint32(at, publisher.length);
    view.setUint32(at + 4, identifiers.length);
    view.setUint32(at + 8, packet.length);
    view.setUint32(at + 12, row.flags);
    view.setFloat64(at + 16, row.sequence);
    view.setFloat64(at + 24, row.messageId);
    view.setFloat64(at + 32, row.expiresAtMs ?? Infinity);
    at += HEAD_BYTES;
    bytes.set(publisher, at);
    at += publisher.length;
    bytes.set(identifiers, at);
    at += identifiers.length;
    bytes.set(packet, at);
    at += packet.length;
  }
  return bytes;
}

/** Unpacks the rows of {@linkcode packQueue}; their packets are views of `bytes`. */
export function* unpackQueue(bytes: Uint8Array<ArrayBuffer>): IterableIterator<QueuedRow> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = new NameCache(16);
  for (let at = 0; at < bytes.length;) {
    const publisherAt = at + HEAD_BYTES;
    const identifiersAt = publisherAt + view.getUint32(at);
    const packetAt = identifiersAt + view.getUint32(at + 4);
    const end = packetAt + view.getUint32(at + 8);
    yield {
      flags: view.getUint32(at + 12),
      sequence: view.getFloat64(at + 16),
      messageId: view.getFloat64(at + 24),
      expiresAtMs: toEndless(view.getFloat64(at + 32)),
      publisher: names.text(bytes, publisherAt, identifiersAt),
      identifiers: identifiersAt === packetAt ? null : names.text(bytes, identifiersAt, packetAt),
      packet: bytes.subarray(packetAt, end),
    };
    at = end;
  }
}
