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
  readonly #onRefused: (reason: string) => void;
  /** Bytes of the header so far, and then what came with its last ones; `undefined`: read through. */
  #head: Uint8Array | undefined = new Uint8Array(0);
  #hasHeader = false;

  /** `onRefused` hears why a stream is not let in. */
  constructor(
    below: ByteStream,
    options: ProxyOptions,
    peer: Peer,
    onRefused: (reason: string) => void,
  ) {
    this.#below = below;
    this.#options = options;
    this.#peer = peer;
    this.#onRefused = onRefused;
  }

  /** {@linkcode ByteStream.read} */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.#head === undefined ? this.#below.read(buffer) : this.#readFirst(buffer);
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

  async #readFirst(buffer: Uint8Array): Promise<number | null> {
    while (!this.#hasHeader) {
      const count = await this.#below.read(buffer);
      if (count === null) return null;
      this.#head = joined(this.#head!, buffer.subarray(0, count));
      this.#readHeader();
    }
    const head = this.#head!;
    const count = Math.min(head.length, buffer.length);
    buffer.set(head.subarray(0, count));
    this.#head = count < head.length ? head.subarray(count) : undefined;
    return count > 0 ? count : this.#below.read(buffer);
  }

  #readHeader(): void {
    const head = this.#head!;
    try {
      const header = readProxyHeader(this.#options.version, head);
      if (header === undefined) {
        if (head.length >= MAX_PROXY_HEADER_BYTES) {
          throw new TypeError("The PROXY header is too long");
        }
        return;
      }
      this.#learn(header.client);
      this.#hasHeader = true;
      this.#head = head.subarray(header.lengthBytes);
    } catch (error) {
      this.#onRefused((error as Error).message);
      throw error;
    }
  }

  #learn({ remoteAddress, hasTls, hasCertificate, commonName }: ProxiedClient): void {
    const { requireTls, requireCertificate } = this.#options;
    if (remoteAddress !== undefined) this.#peer.remoteAddress = remoteAddress;
    if (requireTls && !hasTls) throw new TypeError("The client came to the proxy without TLS");
    if (requireCertificate && !hasCertificate) {
      throw new TypeError("The client showed the proxy no valid certificate");
    }
    if (hasCertificate) this.#peer.certificate = { subject: "", commonName, fingerprint: "" };
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
