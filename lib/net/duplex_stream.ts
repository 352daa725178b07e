import type { ByteStream } from "./byte_stream.ts";

/** Both directions of a connection as web streams, such as a `Deno.Conn`. */
export interface StreamPair {
  /** The bytes from the client. */
  readonly readable: ReadableStream<Uint8Array>;
  /** The bytes to the client. */
  readonly writable: WritableStream<Uint8Array>;
}

/** A pair of web streams as a {@linkcode ByteStream}. */
export class DuplexStream implements ByteStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** The part of the last chunk that no read has returned yet. */
  #unread: Uint8Array = new Uint8Array();

  /** Locks both streams. */
  constructor({ readable, writable }: StreamPair) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // The next write reports the same error.
    this.#writer.closed.catch(() => {});
  }

  /** {@linkcode ByteStream.read} */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#unread.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return null;
      if (!(value instanceof Uint8Array)) throw new TypeError("Cannot read: no bytes came");
      this.#unread = value;
    }
    const count = Math.min(this.#unread.length, buffer.length);
    buffer.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }

  /** {@linkcode ByteStream.write} */
  async write(bytes: Uint8Array): Promise<number> {
    // Copied, because the caller reuses its buffer after this call, and an in-memory stream may pass the bytes on later.
    await this.#writer.write(bytes.slice());
    return bytes.length;
  }

  /** {@linkcode ByteStream.closeWrite} */
  closeWrite(): Promise<void> {
    return this.#writer.close();
  }

  /** {@linkcode ByteStream.close} */
  close(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}
