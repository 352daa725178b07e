import type { Message, SessionChange, ShareChange } from "../broker/mod.ts";
import {
  decodePublish,
  encodePublishInto,
  type Publish,
  publishSize,
  withRoom,
} from "../codec/mod.ts";

/** What stands at the head of a record: who has written it. */
export interface RecordHead {
  /** The node's name. */
  readonly node: string;
  /** The start of the node's process: a later one is greater. */
  readonly epoch: number;
  /** Counted from 1 in each epoch. */
  readonly number: number;
}

/** A message in a record. */
export interface RecordMessage {
  readonly message: Message;
  /** Of a QoS 2 message from a stored session; else 0. */
  readonly packetId: number;
  /** It is the will of a client, and counts where the client is its node's; absent: no. */
  readonly isWill?: boolean;
  /** It is for members of a shared subscription alone; absent: for all. */
  readonly again?: SharedAgain;
}

/** A message that stood in the log before, and that no node but its writer has any more, goes to members of a shared subscription. */
export interface SharedAgain {
  /** The Topic Filter with `$share/...`. */
  readonly share: string;
  /** Its place in the log before. */
  readonly before: number;
}

/** In a record: a client has come to its node. */
export interface RecordClaim {
  readonly clientId: string;
  /** The session that there was ends. */
  readonly endsSession: boolean;
  /** Its session belongs to that node from here on; else it has none that outlives the connection. */
  readonly keepsSession: boolean;
}

/** In a record: what the node that a session belongs to says about it. */
export interface RecordChange {
  readonly change: SessionChange;
}

/** In a record: another node was not heard for long. It is dead if it has put nothing into the log since this record of it. */
export interface RecordDeath {
  readonly dead: RecordHead;
}

/** In a record: what a node says of its members of shared subscriptions. */
export interface RecordShare {
  readonly share: ShareChange;
}

/** An entry of a record. */
export type RecordEntry = RecordMessage | RecordClaim | RecordChange | RecordDeath | RecordShare;

/** What one node has to say of a turn, in order. */
export interface LogRecord extends RecordHead {
  /** The last record by which a session came to its node from another one, of those that the node had applied. */
  readonly since: number;
  readonly entries: readonly RecordEntry[];
}

/**
 * A record of a later version is not understood. Version 1 had no changes of sessions, version 2 none of shared subscriptions, version 3 no
 * `since` and no mark of wills, version 4 no messages for one shared subscription alone, version 5 no `goneAt`, by which nodes choose.
 */
const VERSION = 6;
/** Beside a packet's size: it is a will. */
const WILL = 0x8000_0000;
/** Beside it too: behind the packet stands which shared subscription it is for. */
const AGAIN = 0x4000_0000;
const SIZE_MASK = 0x3fff_ffff;
/** In the place of a time, in an entry without a packet: what the entry is. */
const ENDS_SESSION = 1;
const KEEPS_SESSION = 2;
const CHANGE = 4;
const DEATH = 8;
const SHARE = 16;
/** What has a text behind it. */
const WITH_TEXT: readonly number[] = [CHANGE, DEATH, SHARE];
/** Places of a record in the log. */
const PLACES = 1024;
/** Entries of a record at most: less than {@linkcode PLACES}. */
export const MAX_ENTRIES = 1000;
const LATEST_PLAUSIBLE_VERSION = 100;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The place in the log of the first entry of a record: entries count from it. */
export function firstPlaceOf(sequence: number): number {
  return sequence * PLACES;
}

/** The record that a place in the log is in. */
export function recordOf(place: number): number {
  return Math.floor(place / PLACES);
}

/** Which of its record's entries is at a place in the log, from 0 on. */
export function entryAt(place: number): number {
  return place % PLACES;
}

/** Packs the messages of one turn. */
export class RecordWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** The publisher of the last message: as a rule that of the next one too. */
  #publisherId = "";
  #publisher = new Uint8Array();
  /** Entries that are in it. */
  count = 0;

  /** Bytes of it so far, without the head. */
  get length(): number {
    return this.#length;
  }

  /** Adds a message: as a PUBLISH of 5.0, so what a packet can carry a record can. Throws `EncodeError` where a packet cannot. */
  add({ message, packetId, isWill = false, again }: RecordMessage): void {
    const { qos, retain, properties, topicName, payload, publisherId, expiresAtMs } = message;
    const packet: Publish = {
      type: "publish",
      topicName,
      payload,
      qos,
      retain,
      dup: false,
      packetId: qos > 0 ? 1 : 0,
      properties: properties ?? {},
    } as Publish;
    const sizeBytes = publishSize(packet, 5);
    const publisher = this.#encodePublisher(publisherId);
    this.#reserve(16 + publisher.length + sizeBytes);
    let at = this.#length;
    this.#view.setFloat64(at, expiresAtMs);
    this.#view.setUint16(at + 8, packetId);
    this.#view.setUint16(at + 10, publisher.length);
    const marks = (isWill ? WILL : 0) + (again === undefined ? 0 : AGAIN);
    this.#view.setUint32(at + 12, sizeBytes + marks);
    at += 16;
    this.#bytes.set(publisher, at);
    at += publisher.length;
    this.#length = encodePublishInto(packet, 5, this.#bytes, at);
    if (again !== undefined) this.#addText(JSON.stringify(again));
    this.count++;
  }

  #encodePublisher(publisherId: string): Uint8Array {
    if (publisherId !== this.#publisherId) {
      this.#publisher = encoder.encode(publisherId);
      this.#publisherId = publisherId;
    }
    return this.#publisher;
  }

  /** Adds a claim: an entry without a packet. */
  addClaim({ clientId, endsSession, keepsSession }: RecordClaim): void {
    const flags = (endsSession ? ENDS_SESSION : 0) | (keepsSession ? KEEPS_SESSION : 0);
    this.#addSmall(flags, clientId, "");
  }

  /** Adds a change of a session; returns the bytes that it takes. */
  addChange(change: SessionChange): number {
    const before = this.#length;
    this.#addSmall(CHANGE, "", JSON.stringify(change, writeBytes));
    return this.#length - before;
  }

  /** Adds that a node is not heard. */
  addDeath(dead: RecordHead): void {
    this.#addSmall(DEATH, "", JSON.stringify(dead));
  }

  /** Adds what a node says of a shared subscription; returns the bytes that it takes. */
  addShare(change: ShareChange): number {
    const before = this.#length;
    this.#addSmall(SHARE, "", JSON.stringify(change));
    return this.#length - before;
  }

  #addSmall(kind: number, clientId: string, text: string): void {
    const name = encoder.encode(clientId);
    this.#reserve(16 + name.length);
    const at = this.#length;
    this.#view.setFloat64(at, kind);
    this.#view.setUint16(at + 8, 0);
    this.#view.setUint16(at + 10, name.length);
    this.#view.setUint32(at + 12, 0);
    this.#bytes.set(name, at + 16);
    this.#length = at + 16 + name.length;
    if (WITH_TEXT.includes(kind)) this.#addText(text);
    this.count++;
  }

  #addText(text: string): void {
    const body = encoder.encode(text);
    this.#reserve(4 + body.length);
    this.#view.setUint32(this.#length, body.length);
    this.#bytes.set(body, this.#length + 4);
    this.#length += 4 + body.length;
  }

  /** Takes the last message out again: `length` is what was there before it. */
  undo(length: number): void {
    this.#length = length;
    this.count--;
  }

  /** The record with its head; the writer is empty after it. */
  take({ node, epoch, number, since }: RecordHead & Pick<LogRecord, "since">): Uint8Array {
    const name = encoder.encode(node);
    const headBytes = 28 + name.length;
    const record = new Uint8Array(headBytes + this.#length);
    const view = new DataView(record.buffer);
    record[0] = VERSION;
    record[1] = name.length;
    view.setFloat64(2, epoch);
    view.setFloat64(10, number);
    view.setUint16(18, this.count);
    view.setFloat64(20, since);
    record.set(name, 28);
    record.set(this.#bytes.subarray(0, this.#length), headBytes);
    this.#length = this.count = 0;
    return record;
  }

  #reserve(count: number): void {
    const bytes = withRoom(this.#bytes, this.#length, count);
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** The same text as before is not decoded again: a record has many messages of each publisher. */
class TextReader {
  #bytes = new Uint8Array();
  #text = "";

  read(record: Uint8Array, start: number, end: number): string {
    const length = end - start;
    let isSame = length === this.#bytes.length;
    for (let i = 0; isSame && i < length; i++) isSame = record[start + i] === this.#bytes[i];
    if (!isSame) {
      this.#bytes = record.slice(start, end);
      this.#text = decoder.decode(this.#bytes);
    }
    return this.#text;
  }
}

/** A record of a later version than this program knows. What it says would be missing on this node, so nothing behind it may be applied either. */
export class NewerRecordError extends RangeError {
  constructor(readonly version: number) {
    super(`Cannot read a record of version ${version}: update this node`);
    this.name = "NewerRecordError";
  }
}

/** Reads a record; payloads are its own bytes. `sequence`: its number in the log, from which messages have their `logId`. Throws `RangeError` where it is none, or of a version that is not known. */
export function decodeRecord(given: Uint8Array, sequence = 0): LogRecord {
  const record = given.slice();
  const view = new DataView(record.buffer);
  const version = record[0] ?? 0;
  if (version > VERSION && hasHead(record, view)) throw new NewerRecordError(version);
  if (version > VERSION || version === 0) {
    throw new RangeError("Cannot read a record: it does not begin as one");
  }
  const nameAt = version < 4 ? 20 : 28;
  // What did not say it is taken as it was then.
  const since = version < 4 ? Infinity : view.getFloat64(20);
  const nameEnd = nameAt + record[1]!;
  const node = decoder.decode(record.subarray(nameAt, nameEnd));
  const entries: RecordEntry[] = [];
  const names = new TextReader();
  const firstPlace = firstPlaceOf(sequence);
  let at = nameEnd;
  for (let left = view.getUint16(18); left > 0; left--) {
    const expiresAtMs = view.getFloat64(at);
    const packetId = view.getUint16(at + 8);
    const publisherEnd = at + 16 + view.getUint16(at + 10);
    const size = view.getUint32(at + 12);
    const [isWill, isAgain] = version < 5
      ? [size >= WILL, false]
      : [(size & WILL) !== 0, (size & AGAIN) !== 0];
    const end = publisherEnd + (size & SIZE_MASK);
    if (end > record.length) throw new RangeError("Cannot read a record: it is cut off");
    const publisherId = names.read(record, at + 16, publisherEnd);
    if (end === publisherEnd && WITH_TEXT.includes(expiresAtMs)) {
      at = textEndOf(record, view, end);
      entries.push(entryOf(expiresAtMs, decoder.decode(record.subarray(end + 4, at))));
      continue;
    }
    if (end === publisherEnd) {
      entries.push({
        clientId: publisherId,
        endsSession: (expiresAtMs & ENDS_SESSION) !== 0,
        keepsSession: (expiresAtMs & KEEPS_SESSION) !== 0,
      });
      at = end;
      continue;
    }
    const { topicName, payload, qos, retain, properties } = decodePublish(
      record,
      publisherEnd,
      end,
      5,
    );
    const logId = sequence === 0 ? 0 : firstPlace + entries.length;
    at = isAgain ? textEndOf(record, view, end) : end;
    entries.push({
      packetId,
      ...isWill ? { isWill } : {},
      ...isAgain ? { again: againOf(decoder.decode(record.subarray(end + 4, at))) } : {},
      message: { topicName, payload, qos, retain, properties, expiresAtMs, publisherId, logId },
    });
  }
  return { node, epoch: view.getFloat64(2), number: view.getFloat64(10), since, entries };
}

/** Where the text ends whose length stands here. */
function textEndOf(record: Uint8Array, view: DataView, at: number): number {
  const end = at + 4 + view.getUint32(at);
  if (end > record.length) throw new RangeError("Cannot read a record: it is cut off");
  return end;
}

function againOf(text: string): SharedAgain {
  const { share, before } = JSON.parse(text) as SharedAgain;
  checkText(share);
  return { share, before: Number(before) };
}

/** Whether these bytes begin as a record of every version does: what is none must not stop a node. */
function hasHead(record: Uint8Array, view: DataView): boolean {
  if (record.length < 28 || record[0]! > LATEST_PLAUSIBLE_VERSION) return false;
  const nameLength = record[1]!;
  const [epoch, number] = [view.getFloat64(2), view.getFloat64(10)];
  return nameLength > 0 && record.length >= 28 + nameLength && Number.isSafeInteger(epoch) &&
    epoch > 0 && Number.isSafeInteger(number) && number > 0;
}

function entryOf(kind: number, text: string): RecordEntry {
  // What is none of these would fail when it is applied, and all records behind it would wait for it.
  if (kind === CHANGE) {
    const change = parseChange(text);
    checkText(change.kind, change.clientId);
    return { change };
  }
  const value = JSON.parse(text);
  if (kind === SHARE) {
    checkText(value.kind, value.kind === "hello" ? "" : value.share);
    return { share: value };
  }
  checkText(value.node);
  return { dead: value };
}

function checkText(...values: readonly unknown[]): void {
  if (values.every((value) => typeof value === "string")) return;
  throw new RangeError("Cannot read a record: an entry is not what it says");
}

const BYTES = "base64:";

/** JSON has no bytes, and what a will has of them must stay what it is. */
function writeBytes(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${BYTES}${value.toBase64()}` : value;
}

/** JSON has no `Infinity` either, and says `null`. */
function parseChange(text: string): SessionChange {
  const change = JSON.parse(text) as SessionChange;
  if (change.kind === "session") {
    return {
      ...change,
      expirySeconds: endless(change.expirySeconds),
      expiresAtMs: endless(change.expiresAtMs),
    };
  }
  if (change.kind !== "will" || change.will === undefined) return change;
  const { will, dueAtMs, ...rest } = change.will;
  const { properties } = will;
  const payload = readBytes(will.payload)!;
  const correlationData = readBytes(properties?.correlationData);
  return {
    ...change,
    will: {
      ...rest,
      dueAtMs: endless(dueAtMs),
      will: {
        ...will,
        payload,
        ...properties === undefined ? {} : {
          properties: correlationData === undefined
            ? properties
            : { ...properties, correlationData },
        },
      },
    },
  };
}

function endless(value: number | null): number {
  return value ?? Infinity;
}

function readBytes(written: unknown): Uint8Array | undefined {
  if (typeof written !== "string") return undefined;
  return Uint8Array.fromBase64(written.slice(BYTES.length));
}
