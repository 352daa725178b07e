import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { ClientStream } from "./stream.ts";

/** What Deno says of a certificate that is an authority's own and is used by a server: as `openssl req -x509` makes it. */
const CA_AS_SERVER = "CaUsedAsEndEntity";

/** Whether a connection failed for the one reason that {@linkcode openSelfSigned} knows a way around. */
export function isSelfSigned(error: unknown): boolean {
  return error instanceof Error && error.message.includes(CA_AS_SERVER);
}

/** What the connection is checked by. */
export interface SelfSignedInit {
  /** Where the broker is: a host name and port, or a Unix socket. */
  readonly place: { readonly hostname: string; readonly port: number } | { readonly path: string };
  /** The name that the certificate must have. */
  readonly serverName: string;
  /** Whether another name will do. */
  readonly insecure: boolean;
  /** The certificates that are trusted, PEM. */
  readonly caCerts: readonly string[];
  /** Our own, PEM; absent: none. */
  readonly cert?: string | undefined;
  /** Its key. */
  readonly key?: string | undefined;
  /** Protocols that are offered. */
  readonly alpnProtocols: readonly string[];
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Opens TLS to a server whose certificate is its own authority, which Deno's sockets refuse always and Node's take where it is one of
 * `caCerts`. Its signature, dates and name are checked as those of any other, so nobody comes in whom the file does not name.
 */
export async function openSelfSigned(init: SelfSignedInit): Promise<ClientStream> {
  const { place, serverName, insecure, caCerts, cert, key, alpnProtocols, signal } = init;
  const options: ConnectionOptions = {
    ...place instanceof Object && "path" in place
      ? { path: place.path }
      : { host: place.hostname, port: place.port },
    // An address is no name that could be asked for.
    ...isAddress(serverName) ? {} : { servername: serverName },
    ca: [...caCerts],
    ALPNProtocols: [...alpnProtocols],
    ...cert === undefined ? {} : { cert },
    ...key === undefined ? {} : { key },
    ...insecure ? { checkServerIdentity: () => undefined } : {},
  };
  const socket = connect(options);
  const abort = () => void socket.destroy();
  signal.addEventListener("abort", abort);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once(
        "error",
        (error: Error) => reject(new Error(`invalid peer certificate: ${error.message}`)),
      );
      socket.once("close", () => reject(new Error("The connection was closed")));
    });
    return new SocketStream(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^[0-9.]+$/.test(name);
}

/** A socket of Node's that is read when somebody wants bytes, and not before. */
class SocketStream implements ClientStream {
  readonly #socket: TLSSocket;
  /** Called when something may have changed for who reads. */
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  #isEnded = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("readable", () => this.#wake?.());
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error: Error) => {
      this.#error = error;
      this.#wake?.();
    });
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
    this.#end();
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }
}
