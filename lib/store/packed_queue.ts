import { encodeText, NameCache } from "../codec/mod.ts";
import { type QueuedRow, toEndless } from "./rows.ts";

/** Before each row's publisher, identifiers and packet: bytes of these three and the flags (32 bits each), three floats. */
const HEAD_BYTES = 40;

/** Packs the rows one after the other into one buffer, which is transferred to another thread without a copy. */
export function packQueue(rows: readonly QueuedRow[]): Uint8Array<ArrayBuffer> {
  const texts = rows.map(({ publisher, identifiers }) => [
    encodeText(publisher),
    encodeText(identifiers ?? ""),
  ]);
  const sizeBytes = rows.reduce(
    (sum, { packet }, i) =>
      sum + HEAD_BYTES + texts[i]![0]!.length + texts[i]![1]!.length + packet.length,
    0,
  );
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [i, { sequence, messageId, flags, packet, expiresAtMs }] of rows.entries()) {
    const [publisher, identifiers] = texts[i] as [Uint8Array, Uint8Array];
    view.setUint32(at, publisher.length);
    view.setUint32(at + 4, identifiers.length);
    view.setUint32(at + 8, packet.length);
    view.setUint32(at + 12, flags);
    view.setFloat64(at + 16, sequence);
    view.setFloat64(at + 24, messageId);
    view.setFloat64(at + 32, expiresAtMs ?? Infinity);
    at += HEAD_BYTES;
    for (const part of [publisher, identifiers, packet]) {
      bytes.set(part, at);
      at += part.length;
    }
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
