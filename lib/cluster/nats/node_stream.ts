import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import type { NatsPlace } from "./place.ts";
import type { NatsStream, NatsTls } from "./stream.ts";

/** A connection by `node:net`, which can go over to TLS with a certificate of our own: `Deno.startTls` has none. */
export class NodeStream implements NatsStream {
  readonly #socket: Socket;
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was read and not asked for. */
  #left: Uint8Array = new Uint8Array(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#iterator = socket.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  }

  /** Connects. Rejects with what the socket fails with. */
  static async open({ hostname, port }: NatsPlace, signal: AbortSignal): Promise<NodeStream> {
    const socket = survivingErrors(connect({ host: hostname, port, noDelay: true }));
    try {
      await once(socket, "connect", { signal });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new NodeStream(socket);
  }

  /** Goes over to TLS, when all that the server has said was read; this stream is of no use any more. */
  async secure(
    { hostname }: NatsPlace,
    { caCerts, own }: NatsTls,
    signal: AbortSignal,
  ): Promise<NodeStream> {
    await this.#iterator.return?.();
    const socket = survivingErrors(connectTls({
      socket: this.#socket,
      servername: hostname,
      ...caCerts.length === 0 ? {} : { ca: [...caCerts] },
      ...own,
    }));
    try {
      await once(socket, "secureConnect", { signal });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new NodeStream(socket);
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#left.length === 0) {
      const { value, done } = await this.#iterator.next();
      if (done) return null;
      this.#left = value;
    }
    const part = this.#left.subarray(0, into.length);
    into.set(part);
    this.#left = this.#left.subarray(part.length);
    return part.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    // The writer uses its bytes again.
    this.#socket.write(bytes.slice(), (error) => error ? reject(error) : resolve(bytes.length));
    return await promise;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Reading and writing fail with an error. One that comes when nobody reads yet, or a second one, must not end the process. */
function survivingErrors<Kind extends Socket>(socket: Kind): Kind {
  socket.on("error", () => {});
  return socket;
}
