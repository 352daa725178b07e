import type { Publisher, SessionChange, ShareChange } from "../broker/mod.ts";
import { encodePublishInto, publishOf, publishSize, withRoom } from "../codec/mod.ts";
import { writeBytes } from "./change_text.ts";
import type { LogRecord, RecordClaim, RecordHead, RecordMessage } from "./record.ts";
import {
  CHANGE,
  DEATH,
  ENDS_SESSION,
  KEEPS_SESSION,
  SHARE,
  SOURCE,
  VERSION,
  VOID,
  WILL,
  WITH_TEXT,
} from "./record_form.ts";

const encoder = new TextEncoder();
/** What stands before the node's name. */
const HEAD_BYTES = 28;

/** What stands before the first entry of a node's records, bytes. */
export function headBytesOf(node: string): number {
  return HEAD_BYTES + encoder.encode(node).length;
}

/** The claim that stands there in a record changes nothing. */
export function voidClaim(record: Uint8Array, at: number): void {
  const view = new DataView(record.buffer, record.byteOffset);
  view.setFloat64(at, view.getFloat64(at) | VOID);
}

/** Packs the messages of one turn. */
export class RecordWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** The publisher of the last message: as a rule that of the next one too. */
  #publisherId = "";
  #publisher = new Uint8Array();
  #source: Publisher | undefined;
  /** Its names, as text. */
  #sourceText = "";
  /** Entries that are in it. */
  count = 0;

  /** Bytes of it so far, without the head. */
  get length(): number {
    return this.#length;
  }

  /** Adds a message: as a PUBLISH of 5.0, so what a packet can carry a record can. Throws `EncodeError` where a packet cannot. */
  add({ message, packetId, isWill = false, source }: Omit<RecordMessage, "again">): void {
    const { properties, publisherId, expiresAtMs } = message;
    const packet = publishOf(message, properties);
    const sizeBytes = publishSize(packet, 5);
    const publisher = this.#encodePublisher(publisherId);
    this.#reserve(16 + publisher.length + sizeBytes);
    let at = this.#length;
    this.#view.setFloat64(at, expiresAtMs);
    this.#view.setUint16(at + 8, packetId);
    this.#view.setUint16(at + 10, publisher.length);
    const flags = (isWill ? WILL : 0) + (source === undefined ? 0 : SOURCE);
    this.#view.setUint32(at + 12, sizeBytes + flags);
    at += 16;
    this.#bytes.set(publisher, at);
    at += publisher.length;
    this.#length = encodePublishInto(packet, 5, this.#bytes, at);
    if (source !== undefined) this.#addText(this.#textOf(source));
    this.count++;
  }

  /** Without the Client Identifier, which stands before the packet. */
  #textOf(source: Publisher): string {
    if (source !== this.#source) {
      this.#sourceText = JSON.stringify([source.listener, source.userName]);
      this.#source = source;
    }
    return this.#sourceText;
  }

  #encodePublisher(publisherId: string): Uint8Array {
    if (publisherId !== this.#publisherId) {
      this.#publisher = encoder.encode(publisherId);
      this.#publisherId = publisherId;
    }
    return this.#publisher;
  }

  /** Adds a claim: an entry without a packet. */
  addClaim({ clientId, endsSession, keepsSession }: Omit<RecordClaim, "isVoid">): void {
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

  /** The record with its head; the writer is empty after it. The head has {@linkcode headBytesOf} bytes. */
  take({ node, epoch, number, since }: RecordHead & Pick<LogRecord, "since">): Uint8Array {
    const name = encoder.encode(node);
    const headBytes = HEAD_BYTES + name.length;
    const record = new Uint8Array(headBytes + this.#length);
    const view = new DataView(record.buffer);
    record[0] = VERSION;
    record[1] = name.length;
    view.setFloat64(2, epoch);
    view.setFloat64(10, number);
    view.setUint16(18, this.count);
    view.setFloat64(20, since);
    record.set(name, HEAD_BYTES);
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
