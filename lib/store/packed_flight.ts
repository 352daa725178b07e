import { encodePublishInto, publishOf, publishSize } from "../codec/mod.ts";
import { Packer, Unpacker } from "./packed_numbers.ts";
import type { DeliveryRecord } from "./records.ts";
import {
  type DeliveryRow,
  deliveryRow,
  type MessageRow,
  publisherText,
  toEndless,
} from "./rows.ts";

/** What a batch changes of deliveries in flight. */
export interface FlightChanges {
  /** Sequences. */
  readonly deleted: readonly number[];
  readonly changed: readonly DeliveryRecord[];
  readonly put: readonly FlightPut[];
}

/** A delivery that is in flight from now on. */
export interface FlightPut {
  readonly delivery: DeliveryRecord;
  /** With its message; otherwise that has a row. */
  readonly isWhole: boolean;
}

/** Where a delivery is packed, in the bytes in which it is. */
export interface PackedPut {
  readonly sequence: number;
  readonly messageId: number;
  readonly isWhole: boolean;
  readonly start: number;
  readonly end: number;
}

/** Told of what was packed, in the order in which it counts. */
export interface FlightReader {
  delete(sequence: number): void;
  change(sequence: number, packetId: number, releaseOrder: number): void;
  put(put: PackedPut): void;
}

/** A delivery as it was packed, as rows. */
export interface FlightRows {
  readonly delivery: DeliveryRow;
  /** `undefined`: it has a row of its own. */
  readonly message: MessageRow | undefined;
}

/** Of the format: the first byte. */
const VERSION = 1;
/** Version and checksum. */
const HEAD_BYTES = 5;

/** In the flags, beside those of a row. */
const HAS_MESSAGE = 16;
const HAS_IDENTIFIERS = 32;
const HAS_SHARE = 64;
const HAS_EXPIRY = 128;
const ROW_FLAGS = 15;

/** All of it in one buffer, which changes threads without being copied, and is a row of the journal; empty: there is nothing. */
export function packFlight({ deleted, changed, put }: FlightChanges): Uint8Array<ArrayBuffer> {
  const count = deleted.length + changed.length + put.length;
  if (count === 0) return new Uint8Array();
  const packer = new Packer(HEAD_BYTES + 64 + 16 * count);
  packer.byte(VERSION);
  packer.at = HEAD_BYTES;
  packer.number(deleted.length);
  for (const sequence of deleted) packer.number(sequence);
  packer.number(changed.length);
  for (const { delivery: { sequence }, packetId, releaseOrder } of changed) {
    packer.number(sequence);
    packer.number(packetId);
    packer.number(releaseOrder);
  }
  packer.number(put.length);
  for (const one of put) packPut(packer, one);
  return packer.take();
}

/** The length of it all goes before: who passes over it reads no more. */
function packPut(packer: Packer, { delivery: record, isWhole }: FlightPut): void {
  const [sequence, sessionId, messageId, flags, packetId, releaseOrder, identifiers, share] =
    deliveryRow(record);
  const { message } = record.delivery;
  const expiresAtMs = isWhole ? toEndless(message.expiresAtMs) : null;
  const start = packer.lengthAhead();
  packer.number(sequence);
  packer.number(messageId);
  packer.byte(
    flags | (isWhole ? HAS_MESSAGE : 0) | (identifiers === null ? 0 : HAS_IDENTIFIERS) |
      (share === null ? 0 : HAS_SHARE) | (expiresAtMs === null ? 0 : HAS_EXPIRY),
  );
  packer.number(sessionId);
  packer.number(packetId);
  packer.number(releaseOrder);
  if (identifiers !== null) packer.text(identifiers);
  if (share !== null) packer.text(share);
  if (expiresAtMs !== null) packer.float(expiresAtMs);
  if (isWhole) {
    packer.text(publisherText(message));
    const packet = publishOf(message, message.properties);
    packer.room(publishSize(packet, 5));
    packer.at = encodePublishInto(packet, 5, packer.bytes, packer.at);
  }
  packer.endLength(start);
}

/** Writes the checksum, for which the thread that packs has no time. */
export function sealFlight(bytes: Uint8Array): void {
  viewOf(bytes).setUint32(1, checksum(bytes));
}

/** What is wrong with it; `undefined`: it is as it was when it was sealed. */
export function flawOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEAD_BYTES) return `it has ${bytes.length} bytes`;
  if (bytes[0] !== VERSION) return `it is of version ${bytes[0]}`;
  return viewOf(bytes).getUint32(1) === checksum(bytes) ? undefined : "its checksum is wrong";
}

/** Reads what was packed. */
export function readFlight(bytes: Uint8Array, reader: FlightReader): void {
  const unpacker = new Unpacker(bytes, HEAD_BYTES);
  for (let count = unpacker.number(); count > 0; count--) reader.delete(unpacker.number());
  for (let count = unpacker.number(); count > 0; count--) {
    reader.change(unpacker.number(), unpacker.number(), unpacker.number());
  }
  for (let count = unpacker.number(); count > 0; count--) {
    const end = unpacker.end();
    const start = unpacker.at;
    const sequence = unpacker.number();
    const messageId = unpacker.number();
    const isWhole = (bytes[unpacker.at]! & HAS_MESSAGE) !== 0;
    reader.put({ sequence, messageId, isWhole, start, end });
    unpacker.at = end;
  }
}

/** The rows of a delivery that was packed; the packet is a view of `bytes`. */
export function unpackPut(bytes: Uint8Array, { start, end }: PackedPut): FlightRows {
  const unpacker = new Unpacker(bytes, start);
  const sequence = unpacker.number();
  const messageId = unpacker.number();
  const flags = unpacker.byte();
  const sessionId = unpacker.number();
  const packetId = unpacker.number();
  const releaseOrder = unpacker.number();
  const identifiers = (flags & HAS_IDENTIFIERS) === 0 ? null : unpacker.text();
  const share = (flags & HAS_SHARE) === 0 ? null : unpacker.text();
  const expiresAtMs = (flags & HAS_EXPIRY) === 0 ? null : unpacker.float();
  const rowFlags = flags & ROW_FLAGS;
  return {
    delivery: [
      sequence,
      sessionId,
      messageId,
      rowFlags,
      packetId,
      releaseOrder,
      identifiers,
      share,
    ],
    message: (flags & HAS_MESSAGE) === 0
      ? undefined
      : wholeMessage(unpacker, messageId, expiresAtMs, end),
  };
}

function wholeMessage(
  unpacker: Unpacker,
  messageId: number,
  expiresAtMs: number | null,
  end: number,
): MessageRow {
  const publisher = unpacker.text();
  return [messageId, unpacker.bytes.subarray(unpacker.at, end), publisher, expiresAtMs];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** FNV-1a over words of 32 bits, of all that follows the head; the last one is filled up with zeros. */
function checksum(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let sum = 0x811c9dc5 ^ bytes.length;
  let at = HEAD_BYTES;
  for (; at + 4 <= bytes.length; at += 4) sum = Math.imul(sum ^ view.getUint32(at), 0x01000193);
  for (; at < bytes.length; at++) sum = Math.imul(sum ^ bytes[at]!, 0x01000193);
  return (sum ^ sum >>> 16) >>> 0;
}
