import type { Socket } from "node:net";
import type { ClientStream } from "./stream.ts";

/** A socket of Node's, plain or TLS, as a stream: it is read when somebody wants bytes, and not before. */
export class SocketStream implements ClientStream {
  readonly #socket: Socket;
  /** Called when something may have changed for who reads. */
  #wake: () => void = () => {};
  #error: Error | undefined;
  #isEnded = false;
  readonly #listeners = {
    readable: () => this.#wake(),
    end: () => this.#end(undefined),
    close: () => this.#end(undefined),
    error: (error: Error) => this.#end(error),
  };

  /** `socket`: connected. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    for (const [name, listener] of Object.entries(this.#listeners)) socket.on(name, listener);
  }

  /** {@linkcode ClientStream.read} */
  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const size = Math.min(buffer.length, this.#socket.readableLength);
      const chunk: Uint8Array | null = size === 0 ? null : this.#socket.read(size);
      if (chunk !== null) {
        buffer.set(chunk);
        return chunk.length;
      }
      if (this.#isEnded) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.read(0);
      await promise;
    }
  }

  /** {@linkcode ClientStream.write} */
  write(bytes: Uint8Array): Promise<number> {
    // Copied: the caller uses its buffer again when this call is over.
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes.slice(), (error) => {
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  /** {@linkcode ClientStream.close} */
  close(): void {
    this.#socket.destroy();
    this.#end(undefined);
  }

  /** Leaves the socket to somebody else, open. */
  release(): void {
    for (const [name, listener] of Object.entries(this.#listeners)) {
      this.#socket.removeListener(name, listener);
    }
  }

  #end(error: Error | undefined): void {
    this.#error ??= error;
    this.#isEnded = true;
    this.#wake();
  }
}
