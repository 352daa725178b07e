import { connect, type Socket } from "node:net";
import type { ClientStream } from "./stream.ts";

/** Connects from an address of this machine, which `Deno.connect` cannot choose. Rejects with the error of the system. */
export function openBound(
  to: { readonly hostname: string; readonly port: number },
  localAddress: string,
): Promise<ClientStream> {
  const socket = connect({ host: to.hostname, port: to.port, localAddress, noDelay: true });
  const opened = Promise.withResolvers<ClientStream>();
  socket.once("error", opened.reject);
  socket.once("connect", () => opened.resolve(new BoundStream(socket)));
  return opened.promise;
}

/** A socket of `node:net` as a stream: it is read only on demand. */
class BoundStream implements ClientStream {
  readonly #socket: Socket;
  /** Wakes the reader, because there may be bytes. */
  #wake = () => {};
  #isAtEnd = false;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("readable", () => this.#wake());
    socket.on("end", () => this.#end(undefined));
    socket.on("close", () => this.#end(undefined));
    socket.on("error", (error) => this.#end(error));
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const { readableLength } = this.#socket;
      if (readableLength > 0) {
        const bytes: Uint8Array | null = this.#socket.read(Math.min(readableLength, buffer.length));
        if (bytes !== null) {
          buffer.set(bytes);
          return bytes.length;
        }
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isAtEnd) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error | undefined): void {
    this.#error ??= error;
    this.#isAtEnd = true;
    this.#wake();
  }
}
