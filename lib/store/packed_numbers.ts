/** A number takes up to so many bytes, of seven bits each. */
const NUMBER_BYTES = 8;
/** In each byte of a number but the last one. */
const MORE = 0x80;
/** Bits can be taken from numbers that are less. */
const SMALL = 2 ** 31;

/** Writes numbers, texts and packets behind each other, in a buffer that grows. */
export class Packer {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the next one goes. */
  at = 0;
  #view: DataView;
  readonly #texts = new Map<string, Uint8Array>();
  readonly #encoder = new TextEncoder();

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for so many bytes. */
  room(sizeBytes: number): void {
    const needed = this.at + sizeBytes;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** A whole number from 0 to 2^53. */
  number(value: number): void {
    this.room(NUMBER_BYTES);
    let rest = value;
    for (; rest >= SMALL; rest = Math.floor(rest / MORE)) {
      this.bytes[this.at++] = rest % MORE | MORE;
    }
    for (; rest >= MORE; rest >>>= 7) this.bytes[this.at++] = rest & 0x7f | MORE;
    this.bytes[this.at++] = rest;
  }

  float(value: number): void {
    this.room(8);
    this.#view.setFloat64(this.at, value);
    this.at += 8;
  }

  text(text: string): void {
    let bytes = this.#texts.get(text);
    if (bytes === undefined) this.#texts.set(text, bytes = this.#encoder.encode(text));
    this.number(bytes.length);
    this.room(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Leaves room for the length of what follows; returns what {@linkcode endLength} is told. */
  lengthAhead(): number {
    this.room(4);
    this.at += 4;
    return this.at;
  }

  /** What was to follow is written. */
  endLength(start: number): void {
    this.#view.setUint32(start - 4, this.at - start);
  }

  /** What was written, in a buffer that holds nothing else. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.at);
  }
}

/** Reads what {@linkcode Packer} has written. */
export class Unpacker {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array, public at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  number(): number {
    let value = 0;
    for (let scale = 1;; scale *= MORE) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < MORE) return value;
    }
  }

  float(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8);
  }

  text(): string {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** Where that ends whose length was written ahead of it. */
  end(): number {
    const length = this.#view.getUint32(this.at);
    this.at += 4;
    return this.at + length;
  }
}
