const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The longest text, in bytes of UTF-8: its length has two bytes, as in MQTT. */
const MAX_TEXT_SIZE = 65_535;

/** A buffer that grows by doubling; numbers are big-endian. `length` may be set to a smaller value to discard what was written last. */
export class ByteWriter {
  /** Bytes written. */
  length = 0;
  readonly #initialSizeBytes: number;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(initialSizeBytes: number) {
    this.#initialSizeBytes = initialSizeBytes;
    this.#bytes = new Uint8Array(initialSizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value);
    this.length += 4;
  }

  /** Throws `RangeError` where the text has more than 65,535 bytes. */
  text(value: string): void {
    this.#reserve(2 + value.length * 3);
    const start = this.length + 2;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start));
    if (written > MAX_TEXT_SIZE) {
      throw new RangeError(`Cannot encode text of ${written} bytes: the most is ${MAX_TEXT_SIZE}`);
    }
    this.#view.setUint16(this.length, written);
    this.length = start + written;
  }

  blob(value: Uint8Array): void {
    this.u32(value.length);
    this.raw(value);
  }

  /** Bytes without their length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.length);
    this.length += value.length;
  }

  /** A copy of [start, end) with `headSizeBytes` of room before it, in a buffer of exactly that size. */
  copy(start: number, end: number, headSizeBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(headSizeBytes + end - start);
    bytes.set(this.#bytes.subarray(start, end), headSizeBytes);
    return bytes;
  }

  /** Discards the first `end` bytes, and frees the memory that a rare large record took. */
  discard(end: number): void {
    const rest = this.length - end;
    if (rest === 0 && this.#bytes.length > this.#initialSizeBytes) {
      this.#bytes = new Uint8Array(this.#initialSizeBytes);
      this.#view = new DataView(this.#bytes.buffer);
    } else {
      this.#bytes.copyWithin(0, end, this.length);
    }
    this.length = rest;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what a {@link ByteWriter} wrote; throws `RangeError` beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  text(): string {
    const size = this.u16();
    const start = this.#take(size);
    return decoder.decode(this.#bytes.subarray(start, start + size));
  }

  /** A copy, so that a kept payload does not keep its whole frame. */
  blob(): Uint8Array<ArrayBuffer> {
    const size = this.u32();
    const start = this.#take(size);
    return new Uint8Array(this.#bytes.subarray(start, start + size));
  }

  #take(sizeBytes: number): number {
    const start = this.#offset;
    if (start + sizeBytes > this.#bytes.length) {
      const left = this.#bytes.length - start;
      throw new RangeError(`Cannot read ${sizeBytes} bytes at offset ${start}: ${left} are left`);
    }
    this.#offset = start + sizeBytes;
    return start;
  }
}
