import type { ClientCertificate } from "../broker/mod.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** A byte stream to one peer. A TCP connection implements it, and so does every layer over TCP. */
export interface ByteStream {
  /** Fills some of the buffer; resolves to the bytes read, or `null` at the end. Rejects when the stream fails. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves to how many. Rejects when the stream fails. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the direction to the peer. */
  closeWrite(): Promise<void>;
  /** Ends both directions, and pending reads and writes; throws if the stream is closed already. */
  close(): void;
  /** Bytes that the last read took from the layer below, if that differs from the bytes returned. */
  readonly takenBytes?: number;
}

/** The known facts about a peer. A layer that learns more while it reads adds it here, before it returns the first byte. */
export interface Peer {
  /** `127.0.0.1:50123`, `[::1]:50123`, or `unix:` and the path of a socket. */
  remoteAddress: string;
  /** The peer's verified certificate. */
  certificate?: ClientCertificate;
}

/** TLS for a listener: its certificates and keys, and the protocol itself. `loadTls` makes one. */
export interface TlsLayer {
  /**
   * Opens the decrypted stream over `below`, and learns the client's certificate. `onRefused` is told why a handshake failed.
   * @internal
   */
  open(
    below: ByteStream,
    peer: Peer,
    buffers: ReadBuffers,
    onRefused: (reason: string) => void,
  ): ByteStream;
  /** Reads the files again. If they are invalid, the old certificates stay in use, and the error is logged. */
  reload(): void;
  /** Stops watching the files, because the listener is closed. */
  close(): void;
}

/** Writes all the bytes. */
export async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}
