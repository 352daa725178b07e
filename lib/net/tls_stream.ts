import { Duplex } from "node:stream";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import type { ByteStream, Peer } from "./byte_stream.ts";
import { readClientCertificate } from "./certificate.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** The most bytes of one write, so that the progress of a slow peer can be seen. */
const WRITE_BYTES = 64 * 1024;
const LEFT = "the client left";
/**
 * The broker's own `connect_timeout` ends a handshake. The one of `node:tls` would keep all the objects of a finished handshake until its
 * time is over: two minutes, even if 0 is given.
 */
const NO_TIMEOUT = -1;

/** The parts of one TLS connection beside the stream below it. */
export interface TlsStreamInit {
  /** The options of this connection; open connections keep theirs. */
  readonly options: TlsOptions;
  /** Returns why a client is refused although its handshake succeeded, or `undefined`. */
  readonly refusal: (
    certificate: Uint8Array | undefined,
    isResumed: boolean,
  ) => string | undefined;
  /** Gets the client's certificate. */
  readonly peer: Peer;
  /** Lends the buffer for encrypted bytes. */
  readonly buffers: ReadBuffers;
  /** Called once with the reason if the handshake fails. */
  readonly onRefused: (reason: string) => void;
}

/**
 * TLS over any byte stream.
 *
 * `node:tls` implements the protocol. Here it takes its bytes from a `Duplex`, not from a socket: a server socket of `node:tls` reads
 * without limit, whether anybody wants the bytes or not, while this class reads the stream below only when a read waits. Each connection
 * has its own `Server`, which listens to nothing: it checks the client's certificate, and its event is the only way to learn that the check
 * succeeded. Deno checks after the handshake: a client without a certificate gets an alert, one with an invalid certificate sees only the
 * end of the connection, and the log says why.
 */
export class TlsStream implements ByteStream {
  readonly #below: ByteStream;
  readonly #init: TlsStreamInit;
  readonly #encrypted: Encrypted;
  /** Defined after the handshake. */
  #socket: TLSSocket | undefined;
  /** Decrypted bytes that the last read had no room for. */
  #rest: Uint8Array | undefined;
  #waiting: Waiting | undefined;
  #buffer: Uint8Array<ArrayBuffer>;
  #isFeeding = false;
  #hasBytes = false;
  #isAtEnd = false;
  #isClosed = false;
  #failure: Error | undefined;

  /** The handshake begins with the first `read`. */
  constructor(below: ByteStream, init: TlsStreamInit) {
    this.#below = below;
    this.#init = init;
    this.#buffer = init.buffers.take(init.buffers.smallest);
    this.#encrypted = new Encrypted(below);
    this.#encrypted.on("error", this.#onError);
    const server = createServer({ ...init.options, handshakeTimeout: NO_TIMEOUT }, this.#onSecure);
    server.on("tlsClientError", (error, socket) => {
      socket.on("error", () => {}); // Later errors are ignored.
      this.#onError(reasonOf(error, socket));
      socket.destroy();
    });
    server.emit("connection", this.#encrypted);
  }

  /** {@linkcode ByteStream.read} */
  read(buffer: Uint8Array): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.#waiting = { buffer, resolve, reject };
      this.#settle();
      this.#feed();
    });
  }

  /** {@linkcode ByteStream.write} */
  write(bytes: Uint8Array): Promise<number> {
    const part = bytes.subarray(0, WRITE_BYTES);
    return new Promise((resolve, reject) => {
      if (this.#socket === undefined) return reject(new Error("Cannot write: no TLS handshake"));
      this.#socket.write(part, (error) => error ? reject(error) : resolve(part.length));
    });
  }

  /** {@linkcode ByteStream.closeWrite} */
  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket === undefined) this.#below.closeWrite().then(resolve, resolve);
      else this.#socket.end(() => resolve());
    });
  }

  /** {@linkcode ByteStream.close} */
  close(): void {
    this.#isClosed = true;
    this.#onError(new Error("The stream is closed"));
    this.#socket?.destroy();
    this.#encrypted.destroy();
    if (!this.#isFeeding) this.#init.buffers.give(this.#buffer);
    this.#below.close();
  }

  readonly #onSecure = (socket: TLSSocket): void => {
    socket.on("error", this.#onError);
    const refusal = this.#readCertificate(socket);
    if (refusal !== undefined) {
      this.#onError(new Error(refusal));
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on("readable", this.#settle);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    this.#settle();
  };

  /** Reads the client's certificate, if it sent one; returns why it is refused, if it is. */
  #readCertificate(socket: TLSSocket): string | undefined {
    try {
      const der = socket.getPeerX509Certificate()?.raw;
      const refusal = this.#init.refusal(der, socket.isSessionReused());
      if (refusal === undefined && der !== undefined) {
        this.#init.peer.certificate = readClientCertificate(der);
      }
      return refusal;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Reads the stream below while a read waits for decrypted bytes. */
  #feed(): void {
    if (this.#isFeeding || this.#isClosed || this.#waiting === undefined) return;
    this.#isFeeding = true;
    this.#below.read(this.#buffer).then(this.#onFed, this.#onError);
  }

  readonly #onFed = (count: number | null): void => {
    this.#isFeeding = false;
    if (this.#isClosed) return;
    if (count === null) {
      this.#encrypted.push(null);
      // Before the handshake nobody else reports the end; after it, the bytes before the end are still read.
      if (this.#socket === undefined) this.#onError(new Error(LEFT));
      return;
    }
    this.#hasBytes = true;
    this.#encrypted.push(this.#buffer.slice(0, count));
    const { buffers } = this.#init;
    const sizeBytes = buffers.nextSize(this.#buffer.length, count);
    if (sizeBytes !== this.#buffer.length) {
      buffers.give(this.#buffer);
      this.#buffer = buffers.take(sizeBytes);
    }
    this.#settle();
    this.#feed();
  };

  /** Passes available bytes to the waiting read. */
  readonly #settle = (): void => {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#rest ??= this.#socket?.read() ?? undefined;
    const rest = this.#rest;
    if (rest === undefined && this.#failure === undefined && !this.#isAtEnd) return;
    this.#waiting = undefined;
    if (rest !== undefined) {
      const count = Math.min(rest.length, waiting.buffer.length);
      waiting.buffer.set(rest.subarray(0, count));
      this.#rest = count < rest.length ? rest.subarray(count) : undefined;
      waiting.resolve(count);
    } else if (this.#failure !== undefined) waiting.reject(this.#failure);
    else waiting.resolve(null);
  };

  readonly #onEnd = (): void => {
    this.#isAtEnd = true;
    this.#settle();
  };

  readonly #onError = (error: Error): void => {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const isBefore = this.#socket === undefined && !this.#isClosed;
    // A client that leaves without sending a byte only checks whether the port is open.
    const isProbe = error.message === LEFT && !this.#hasBytes;
    if (isBefore && !isProbe) this.#init.onRefused(error.message);
    this.#settle();
  };
}

/** A pending read. */
interface Waiting {
  readonly buffer: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: Error) => void;
}

/** The stream below in the form that `node:tls` needs; bytes are pushed from outside. */
class Encrypted extends Duplex {
  readonly #below: ByteStream;

  constructor(below: ByteStream) {
    super({ readableHighWaterMark: WRITE_BYTES, writableHighWaterMark: WRITE_BYTES });
    this.#below = below;
  }

  override _read(): void {}

  override _write(
    bytes: Uint8Array,
    encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#below.write(bytes).then((count) => {
      if (count === bytes.length) done();
      else this._write(bytes.subarray(count), encoding, done);
    }, done);
  }

  /** Destroys the stream a little later: a failed handshake destroys it before the alert has been sent to the client. */
  override destroy(error?: Error): this {
    setTimeout(() => super.destroy(error), 0);
    return this;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#below.closeWrite().then(() => done(), () => done());
  }
}

/** The reason of a failed handshake; a refused certificate ends it without an error of its own. */
function reasonOf(error: Error, socket: TLSSocket): Error {
  const reason = socket.authorizationError as Error | string | null;
  return reason ? new Error(`client certificate: ${reason}`) : error;
}
