import { NatsError } from "./error.ts";
import { nameOfPlace, type NatsPlace } from "./place.ts";

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
  /** Goes over to TLS. Rejects with the reason. */
  secure(place: NatsPlace, tls: NatsTls): Promise<NatsStream>;
}

/** Opens a connection. Throws `NatsError` where nobody is there within `timeoutMs`. */
export async function openPlain(
  place: NatsPlace,
  tls: NatsTls,
  timeoutMs: number,
): Promise<PlainStream> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (tls.own === undefined) return await openDeno(place, signal);
    // `Deno.startTls` has no certificate of ours.
    const { NodeStream } = await import("./node_stream.ts");
    return await NodeStream.open(place, signal);
  } catch (error) {
    const reason = signal.aborted ? "no answer in time" : reasonOf(error);
    throw new NatsError("closed", `Cannot connect to ${nameOfPlace(place)}: ${reason}`);
  }
}

async function openDeno({ hostname, port }: NatsPlace, signal: AbortSignal): Promise<PlainStream> {
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(true);
  return {
    read: (into) => conn.read(into),
    write: (bytes) => conn.write(bytes),
    close: () => conn.close(),
    secure: async ({ hostname }, { caCerts }) => {
      const secured = await Deno.startTls(conn, { hostname, caCerts: [...caCerts] });
      try {
        await secured.handshake();
      } catch (error) {
        secured.close();
        throw error;
      }
      return secured;
    },
  };
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
