import {
  decodePublish,
  encodePublishInto,
  frameLength,
  publishOf,
  publishSize,
} from "../codec/mod.ts";
import type { Publisher, RetainedMessage, StoredRetained } from "../broker/mod.ts";
import { RetainedRows, type RowOwner } from "./retained_rows.ts";
import { fromEndless, type RetainedRow, toEndless } from "./rows.ts";

/**
 * Before each row's publisher and packet: bytes of the packet (32 bits) and of the publisher (32; 0: it is that of the row before), expires
 * at ms (64, a float).
 */
const HEAD_BYTES = 16;
const NO_BYTES = new Uint8Array();
/** A row in a buffer. */
interface PackedRow {
  packetAt: number;
  /** Of the packet. The packet of a row that is missing is empty. */
  end: number;
  expiresAtMs: number;
  owner: RowOwner;
}

/** A publisher of whom nothing is known. */
const NOBODY: RowOwner = { id: "", listener: null, user: null };

/**
 * Packs retained messages one after the other into one buffer, which is transferred to another thread without a copy: to copy separate
 * rows took twice as long as to make them.
 */
export function packRetained(messages: readonly RetainedMessage[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  const publishers: Uint8Array[] = [];
  let last: string | Publisher | undefined;
  for (const message of messages) {
    const key = message.publisher ?? message.publisherId;
    const publisher = key === last ? NO_BYTES : encodePublisher(last = key);
    publishers.push(publisher);
    sizeBytes += HEAD_BYTES + publisher.length +
      publishSize(publishOf(message, message.properties), 5);
  }
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  messages.forEach((message, i) => {
    const publisher = publishers[i]!;
    const packetAt = at + HEAD_BYTES + publisher.length;
    bytes.set(publisher, at + HEAD_BYTES);
    const end = encodePublishInto(publishOf(message, message.properties), 5, bytes, packetAt);
    setHead(view, at, end - packetAt, publisher.length, message.expiresAtMs);
    at = end;
  });
  return bytes;
}

/** Unpacks the rows of {@linkcode packRetained}; their packets are views of `bytes`. */
export function* unpackRetained(bytes: Uint8Array<ArrayBuffer>): IterableIterator<RetainedRow> {
  for (const { packetAt, end, expiresAtMs, owner } of rowsIn(bytes)) {
    const { topicName } = decodePublish(bytes, packetAt, end, 5);
    const packet = bytes.subarray(packetAt, end);
    yield [topicName, packet, owner.id, toEndless(expiresAtMs), owner.user, owner.listener];
  }
}

/** A publisher, of which only the Client Identifier may be known. */
interface RowPublisher {
  readonly clientId: string;
  readonly listener: string | null;
  readonly userName: string | null | undefined;
}

/** Packs rows that were read, in their order; `undefined` stands for a row that is missing. */
export function packRead(rows: readonly (RetainedRow | undefined)[]): Uint8Array<ArrayBuffer> {
  const publishers: Uint8Array[] = [];
  let sizeBytes = 0;
  let last: RetainedRow | undefined;
  for (const row of rows) {
    let publisher: Uint8Array = NO_BYTES;
    if (row !== undefined && (last === undefined || !hasSamePublisher(row, last))) {
      publisher = encodePublisher({ clientId: row[2], listener: row[5], userName: row[4] });
      last = row;
    }
    publishers.push(publisher);
    sizeBytes += HEAD_BYTES + publisher.length + (row?.[1].length ?? 0);
  }
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  rows.forEach((row, i) => {
    const packet = row?.[1] ?? NO_BYTES;
    const publisher = publishers[i]!;
    setHead(view, at, packet.length, publisher.length, fromEndless(row?.[3] ?? null));
    bytes.set(publisher, at + HEAD_BYTES);
    bytes.set(packet, at + HEAD_BYTES + publisher.length);
    at += HEAD_BYTES + publisher.length + packet.length;
  });
  return bytes;
}

/** Unpacks packets of these topics, of one publisher, which do not expire; payloads are views of `bytes`. */
export function unpackTogether(
  bytes: Uint8Array<ArrayBuffer>,
  topicNames: readonly string[],
  owner: RowOwner,
): StoredRetained[] {
  const rows = new RetainedRows();
  let end = 0;
  return topicNames.map((topicName) => {
    const at = end;
    end += frameLength(bytes, at, bytes.length, Infinity);
    if (end === at) throw new Error("Cannot read a retained message: its packet is incomplete");
    return rows.endlessAt(topicName, bytes, at, end, owner);
  });
}

/** Unpacks what {@linkcode packRead} has packed; payloads are views of `bytes`. */
export function unpackRead(bytes: Uint8Array<ArrayBuffer>): (StoredRetained | undefined)[] {
  const rows = new RetainedRows();
  const messages: (StoredRetained | undefined)[] = [];
  for (const { packetAt, end, expiresAtMs, owner } of rowsIn(bytes)) {
    messages.push(
      packetAt === end
        ? undefined
        : rows.messageAt(bytes, packetAt, end, owner, toEndless(expiresAtMs)),
    );
  }
  return messages;
}

function setHead(
  view: DataView,
  at: number,
  packetBytes: number,
  publisherBytes: number,
  expiresAtMs: number,
): void {
  view.setUint32(at, packetBytes);
  view.setUint32(at + 4, publisherBytes);
  view.setFloat64(at + 8, expiresAtMs);
}

/** The rows in `bytes`. One object stands for each of them in turn. */
function* rowsIn(bytes: Uint8Array<ArrayBuffer>): Generator<PackedRow, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const row: PackedRow = { packetAt: 0, end: 0, expiresAtMs: 0, owner: NOBODY };
  for (let at = 0; at < bytes.length; at = row.end) {
    const ownerAt = at + HEAD_BYTES;
    row.packetAt = ownerAt + view.getUint32(at + 4);
    row.end = row.packetAt + view.getUint32(at);
    row.expiresAtMs = view.getFloat64(at + 8);
    if (row.packetAt > ownerAt) row.owner = decodePublisher(bytes.subarray(ownerAt, row.packetAt));
    yield row;
  }
}

function hasSamePublisher(a: RetainedRow, b: RetainedRow): boolean {
  return a[2] === b[2] && a[4] === b[4] && a[5] === b[5];
}

/** Client Identifier, listener and user name, as far as they are known: as JSON, since any character may be in them. */
function encodePublisher(publisher: string | RowPublisher): Uint8Array {
  const { clientId, listener, userName } = typeof publisher === "string"
    ? { clientId: publisher, listener: null, userName: null }
    : publisher;
  return new TextEncoder().encode(JSON.stringify([clientId, listener, userName]));
}

function decodePublisher(bytes: Uint8Array): RowOwner {
  const text = new TextDecoder().decode(bytes);
  const [id, listener, user] = JSON.parse(text) as [string, string | null, string | null];
  return { id, listener, user };
}
