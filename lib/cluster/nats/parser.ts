import {
  fault,
  type Head,
  infoOf,
  messageHead,
  type ServerInfo,
  unquoted,
} from "./protocol_line.ts";

/** Receives what the parser finds. Byte arrays are valid during the call only. */
export interface ParserEvents {
  info(info: ServerInfo): void;
  message(
    sid: number,
    subject: string,
    reply: string,
    headers: Uint8Array | undefined,
    payload: Uint8Array,
  ): void;
  ping(): void;
  pong(): void;
  ok(): void;
  error(message: string): void;
}

/** The longest line: an INFO names the servers of a cluster. */
const MAX_LINE_BYTES = 64 * 1024;
/** A buffer larger than this is not kept when it is empty. */
const KEPT_BYTES = 256 * 1024;
const CR = 13;
const LF = 10;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The server's half of the NATS protocol: bytes in, events out. It keeps what is not complete; a fault of the peer is a `NatsError`, and the
 * parser is of no use after it.
 */
export class Parser {
  readonly #events: ParserEvents;
  /** What came before and is not complete: `#kept[0, #length)`. */
  #kept = new Uint8Array(0);
  #length = 0;
  /** The message whose bytes are awaited. */
  #head: Head | undefined;

  constructor(events: ParserEvents) {
    this.#events = events;
  }

  /** Reads the next bytes of the stream; they may be reused afterwards. */
  feed(bytes: Uint8Array): void {
    if (this.#length === 0) {
      const at = this.#parse(bytes, bytes.length);
      if (at < bytes.length) this.#keep(bytes.subarray(at));
      return;
    }
    const knownBytes = this.#length;
    this.#keep(bytes);
    const at = this.#parse(this.#kept, this.#length, knownBytes);
    // A long message comes in a thousand pieces: what is not used stays where it is.
    if (at > 0) this.#kept.copyWithin(0, at, this.#length);
    this.#length -= at;
    if (this.#length === 0 && this.#kept.length > KEPT_BYTES) this.#kept = new Uint8Array(0);
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#kept.length, 4096));
      grown.set(this.#kept.subarray(0, this.#length));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Returns where the first byte stands that is left. `knownBytes` were looked at before, and are part of one line or message. */
  #parse(bytes: Uint8Array, end: number, knownBytes = 0): number {
    let at = 0;
    for (;;) {
      if (this.#head !== undefined) {
        const next = this.#message(this.#head, bytes, at, end);
        if (next === at) return at;
        at = next;
        continue;
      }
      const lf = bytes.indexOf(LF, Math.max(at, knownBytes));
      if (lf < 0 || lf >= end) {
        if (end - at > MAX_LINE_BYTES) throw fault("a line without an end");
        return at;
      }
      if (lf === at || bytes[lf - 1] !== CR) throw fault("a line that does not end in CR LF");
      this.#line(decoder.decode(bytes.subarray(at, lf - 1)));
      at = lf + 1;
    }
  }

  #line(line: string): void {
    const space = line.search(/[ \t]/);
    const word = (space < 0 ? line : line.slice(0, space)).toUpperCase();
    const rest = space < 0 ? "" : line.slice(space + 1).trim();
    switch (word) {
      case "MSG":
        this.#head = messageHead(rest, false);
        return;
      case "HMSG":
        this.#head = messageHead(rest, true);
        return;
      case "PING":
        return this.#events.ping();
      case "PONG":
        return this.#events.pong();
      case "+OK":
        return this.#events.ok();
      case "-ERR":
        return this.#events.error(unquoted(rest));
      case "INFO":
        return this.#events.info(infoOf(rest));
      default:
        throw fault(`the operation ${JSON.stringify(word.slice(0, 16))}`);
    }
  }

  #message(head: Head, bytes: Uint8Array, at: number, end: number): number {
    const { sid, subject, reply, headerBytes, totalBytes } = head;
    if (end - at < totalBytes + 2) return at;
    const payloadEnd = at + totalBytes;
    if (bytes[payloadEnd] !== CR || bytes[payloadEnd + 1] !== LF) {
      throw fault("a message longer than it says");
    }
    this.#head = undefined;
    const headers = headerBytes === 0 ? undefined : bytes.subarray(at, at + headerBytes);
    const payload = bytes.subarray(at + headerBytes, payloadEnd);
    this.#events.message(sid, subject, reply, headers, payload);
    return payloadEnd + 2;
  }
}
