import { DatabaseError } from "./database_error.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the fields of one chunk, one behind the other; throws `DatabaseError` where the chunk ends before. */
export class ChunkReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  /** Where the next field begins, in the file. */
  at: number;

  /** The chunk in [start, end). */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#end = end;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#end - this.at;
  }

  /** One byte. */
  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** 16 bits in the order of the network. */
  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  /** 32 bits in the order of the network. */
  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** 64 bits as the machine of the mosquitto had them: with the least first, on every machine that it is common on. */
  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** 64 bits with a sign, as above: seconds since 1970. */
  seconds(): number {
    return Number(this.#view.getBigInt64(this.#take(8), true));
  }

  /** Passes over the bytes that a C compiler leaves before what has this size: it may be some or none. */
  skipPadding(followingBytes: number): void {
    if (followingBytes > this.left) throw this.#tooShort(followingBytes);
    this.at = this.#end - followingBytes;
  }

  /** So many bytes, as a view of the file. */
  bytes(size: number): Uint8Array {
    const start = this.#take(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** So many bytes of UTF-8. */
  text(size: number): string {
    const start = this.at;
    const bytes = this.bytes(size);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw new DatabaseError(`Cannot read ${size} bytes of text: they are no UTF-8`, start);
    }
  }

  #take(size: number): number {
    if (size > this.left) throw this.#tooShort(size);
    const start = this.at;
    this.at += size;
    return start;
  }

  #tooShort(size: number): DatabaseError {
    return new DatabaseError(`Cannot read ${size} bytes: the chunk has ${this.left} left`, this.at);
  }
}
