import {
  decodePublish,
  encodePublishInto,
  encodeText,
  NameCache,
  publishSize,
} from "../codec/mod.ts";
import type { RetainedMessage } from "../broker/mod.ts";
import { publishOf, type RetainedRow, toEndless } from "./rows.ts";

/** Before each row's publisher and packet: bytes of the packet (32 bits) and of the publisher (32), expires at ms (64, a float). */
const HEAD_BYTES = 16;

/**
 * Packs retained messages one after the other into one buffer, which is transferred to another thread without a copy: to copy separate
 * rows took twice as long as to make them.
 */
export function packRetained(messages: readonly RetainedMessage[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  const publishers = new Map<string, Uint8Array>();
  for (const message of messages) {
    const { publisherId } = message;
    let publisher = publishers.get(publisherId);
    if (publisher === undefined) publishers.set(publisherId, publisher = encodeText(publisherId));
    sizeBytes += HEAD_BYTES + publisher.length +
      publishSize(publishOf(message, message.properties), 5);
  }
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const message of messages) {
    const publisher = publishers.get(message.publisherId)!;
    const packetAt = at + HEAD_BYTES + publisher.length;
    bytes.set(publisher, at + HEAD_BYTES);
    const end = encodePublishInto(publishOf(message, message.properties), 5, bytes, packetAt);
    view.setUint32(at, end - packetAt);
    view.setUint32(at + 4, publisher.length);
    view.setFloat64(at + 8, message.expiresAtMs);
    at = end;
  }
  return bytes;
}

/** Unpacks the rows of {@linkcode packRetained}; their packets are views of `bytes`. */
export function* unpackRetained(bytes: Uint8Array<ArrayBuffer>): IterableIterator<RetainedRow> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const publishers = new NameCache(16);
  for (let at = 0; at < bytes.length;) {
    const packetAt = at + HEAD_BYTES + view.getUint32(at + 4);
    const end = packetAt + view.getUint32(at);
    const publisher = publishers.text(bytes, at + HEAD_BYTES, packetAt);
    const { topicName } = decodePublish(bytes, packetAt, end, 5);
    yield [topicName, bytes.subarray(packetAt, end), publisher, toEndless(view.getFloat64(at + 8))];
    at = end;
  }
}
