import type { NatsPlace } from "./place.ts";

/** A connection's bytes. */
export interface NatsStream {
  /** `null`: the peer has ended it. */
  read(into: Uint8Array): Promise<number | null>;
  /** Returns how many of the bytes were written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends it; reads and writes under way fail. */
  close(): void;
}

/** How servers are made sure of. */
export interface NatsTls {
  /** Authorities in PEM, beside those of the system. */
  readonly caCerts: readonly string[];
  /** The certificate that this client shows, and its key, in PEM; absent: none. */
  readonly own?: ClientCertificate | undefined;
}

/** A certificate with its key, in PEM. */
export interface ClientCertificate {
  /** The certificate, with the chain to its authority. */
  readonly cert: string;
  /** The key. */
  readonly key: string;
}

/** A connection that has not gone over to TLS, which NATS begins after the server's INFO. */
export interface PlainStream extends NatsStream {
  /** Goes over to TLS. Rejects with the reason, and where the signal ends it: a server may never answer. */
  secure(place: NatsPlace, tls: NatsTls, signal: AbortSignal): Promise<NatsStream>;
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
