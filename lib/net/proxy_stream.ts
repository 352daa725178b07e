import type { ByteStream, Peer } from "./byte_stream.ts";
import { MAX_PROXY_HEADER_BYTES, type ProxiedClient, readProxyHeader } from "./proxy_header.ts";

/** What a listener requires of the proxy in front of it. */
export interface ProxyOptions {
  /** The only version accepted; a header of the other one is invalid. */
  readonly version: 1 | 2;
  /** Refuses clients that did not use TLS to the proxy. Version 2 only. */
  readonly requireTls: boolean;
  /** Refuses clients without a certificate that the proxy found valid. Version 2 only. */
  readonly requireCertificate: boolean;
}

/** A stream that begins with a PROXY header, which names the client; the bytes after it are passed through. */
export class ProxyStream implements ByteStream {
  readonly #below: ByteStream;
  readonly #options: ProxyOptions;
  readonly #peer: Peer;
  /** Bytes that came with the end of the header; `undefined` once they have been read. */
  #rest: Uint8Array | undefined;

  /** `peer` gets the client's address, and its name if the proxy sends it. */
  constructor(below: ByteStream, options: ProxyOptions, peer: Peer) {
    this.#below = below;
    this.#options = options;
    this.#peer = peer;
  }

  /**
   * Reads the header, which must come first. Rejects if it is invalid, or the client is refused. Resolves to false if the proxy closed the
   * stream without a byte, as it does to check whether the port is open.
   */
  async readHeader(): Promise<boolean> {
    const buffer = new Uint8Array(MAX_PROXY_HEADER_BYTES);
    for (let length = 0; length < buffer.length;) {
      const count = await this.#below.read(buffer.subarray(length));
      if (count === null && length === 0) return false;
      if (count === null) throw new TypeError("The proxy left before its header was complete");
      length += count;
      const header = readProxyHeader(this.#options.version, buffer.subarray(0, length));
      if (header === undefined) continue;
      learnClient(header.client, this.#options, this.#peer);
      if (header.lengthBytes < length) this.#rest = buffer.slice(header.lengthBytes, length);
      return true;
    }
    throw new TypeError("The PROXY header is too long");
  }

  /** {@linkcode ByteStream.read} */
  read(buffer: Uint8Array): Promise<number | null> {
    const rest = this.#rest;
    if (rest === undefined) return this.#below.read(buffer);
    const count = Math.min(rest.length, buffer.length);
    buffer.set(rest.subarray(0, count));
    this.#rest = count < rest.length ? rest.subarray(count) : undefined;
    return Promise.resolve(count);
  }

  /** {@linkcode ByteStream.write} */
  write(bytes: Uint8Array): Promise<number> {
    return this.#below.write(bytes);
  }

  /** {@linkcode ByteStream.closeWrite} */
  closeWrite(): Promise<void> {
    return this.#below.closeWrite();
  }

  /** {@linkcode ByteStream.close} */
  close(): void {
    this.#below.close();
  }
}

/** Stores what the proxy says about its client in `peer`; throws if the client is refused. */
export function learnClient(
  { remoteAddress, hasTls, hasCertificate, commonName }: ProxiedClient,
  { requireTls, requireCertificate }: ProxyOptions,
  peer: Peer,
): void {
  if (remoteAddress !== undefined) peer.remoteAddress = remoteAddress;
  if (requireTls && !hasTls) throw new TypeError("The client came to the proxy without TLS");
  if (requireCertificate && !hasCertificate) {
    throw new TypeError("The client has sent the proxy no valid certificate");
  }
  if (hasCertificate) peer.certificate = { subject: "", commonName, fingerprint: "" };
}
