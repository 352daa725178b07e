// @ts-check

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Bytes as they are put together for a packet. */
export class Writer {
  /** @type {number[]} */
  #bytes = [];

  /** @param {number} value */
  byte(value) {
    this.#bytes.push(value & 0xff);
    return this;
  }

  /** @param {number} value */
  uint16(value) {
    return this.byte(value >> 8).byte(value);
  }

  /** @param {number} value */
  uint32(value) {
    return this.uint16(value >>> 16).uint16(value & 0xffff);
  }

  /** @param {number} value up to 268,435,455 */
  variable(value) {
    do {
      const rest = Math.floor(value / 128);
      this.byte(value % 128 + (rest > 0 ? 128 : 0));
      value = rest;
    } while (value > 0);
    return this;
  }

  /** @param {Iterable<number>} bytes */
  bytes(bytes) {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** @param {string} text */
  text(text) {
    const bytes = ENCODER.encode(text);
    return this.uint16(bytes.length).bytes(bytes);
  }

  /** @param {Writer} inner written behind its length */
  sized(inner) {
    return this.variable(inner.#bytes.length).bytes(inner.#bytes);
  }

  /**
   * The packet of which this is the body.
   * @param {number} firstByte
   */
  packet(firstByte) {
    return Uint8Array.from(new Writer().byte(firstByte).sized(this).#bytes);
  }
}

/** Reads a packet's body. */
export class Reader {
  #bytes;
  #view;
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left() {
    return this.#bytes.length - this.at;
  }

  byte() {
    return this.#view.getUint8(this.at++);
  }

  uint16() {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  uint32() {
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  variable() {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** @param {number} length */
  bytes(length) {
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  binary() {
    return this.bytes(this.uint16());
  }

  text() {
    return DECODER.decode(this.binary());
  }
}

/**
 * Takes packets out of a stream: calls `handle` for each, and returns the bytes of one that is not complete.
 * @param {Uint8Array} bytes
 * @param {(firstByte: number, body: Reader) => void} handle
 * @returns {Uint8Array}
 */
export function takePackets(bytes, handle) {
  let start = 0;
  while (bytes.length - start >= 2) {
    let length = 0;
    let at = start + 1;
    let scale = 1;
    let isComplete = false;
    while (at < bytes.length && !isComplete) {
      const byte = bytes[at++] ?? 0;
      length += (byte & 127) * scale;
      scale *= 128;
      isComplete = byte < 128;
    }
    if (!isComplete || bytes.length - at < length) break;
    handle(bytes[start] ?? 0, new Reader(bytes.subarray(at, at + length)));
    start = at + length;
  }
  return bytes.subarray(start);
}
