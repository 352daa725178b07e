import type { ByteStream, Peer } from "./byte_stream.ts";
import { MAX_PROXY_HEADER_BYTES, type ProxiedClient, readProxyHeader } from "./proxy_header.ts";

/** What a listener expects of the proxy before it. */
export interface ProxyOptions {
  /** The one version that is understood; a header of the other is none. */
  readonly version: 1 | 2;
  /** Refuses who did not come to the proxy with TLS. Version 2 only. */
  readonly requireTls: boolean;
  /** Refuses who did not show the proxy a valid certificate. Version 2 only. */
  readonly requireCertificate: boolean;
}

/** A stream that begins with a PROXY header: it says whose stream it is, and what follows is read through. */
export class ProxyStream implements ByteStream {
  readonly #below: ByteStream;
  readonly #options: ProxyOptions;
  readonly #peer: Peer;
  /** What came with the last bytes of the header; `undefined`: read through. */
  #rest: Uint8Array | undefined;

  /** `peer` gets the address of the client, and its name where the proxy tells it. */
  constructor(below: ByteStream, options: ProxyOptions, peer: Peer) {
    this.#below = below;
    this.#options = options;
    this.#peer = peer;
  }

  /**
   * Reads the header, which must come before all else; rejects where there is none, or a client that is not let in. `false`: the
   * proxy left without a word, as it does to see whether we are there.
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

/** Writes down what the proxy says of its client; throws where such a client is not let in. */
export function learnClient(
  { remoteAddress, hasTls, hasCertificate, commonName }: ProxiedClient,
  { requireTls, requireCertificate }: ProxyOptions,
  peer: Peer,
): void {
  if (remoteAddress !== undefined) peer.remoteAddress = remoteAddress;
  if (requireTls && !hasTls) throw new TypeError("The client came to the proxy without TLS");
  if (requireCertificate && !hasCertificate) {
    throw new TypeError("The client showed the proxy no valid certificate");
  }
  if (hasCertificate) peer.certificate = { subject: "", commonName, fingerprint: "" };
}
