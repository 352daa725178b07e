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
}

/** Opens a connection. Throws `NatsError` where nobody is there within `timeoutMs`. */
export async function openPlain(place: NatsPlace, timeoutMs: number): Promise<Deno.TcpConn> {
  const { hostname, port } = place;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const conn = await Deno.connect({ hostname, port, signal });
    conn.setNoDelay(true);
    return conn;
  } catch (error) {
    const reason = signal.aborted ? "no answer in time" : reasonOf(error);
    throw new NatsError("closed", `Cannot connect to ${nameOfPlace(place)}: ${reason}`);
  }
}

/** Goes over to TLS, which NATS begins after the server's INFO. */
export async function secure(
  conn: Deno.TcpConn,
  { hostname }: NatsPlace,
  { caCerts }: NatsTls,
): Promise<NatsStream> {
  const secured = await Deno.startTls(conn, { hostname, caCerts: [...caCerts] });
  try {
    await secured.handshake();
  } catch (error) {
    secured.close();
    throw error;
  }
  return secured;
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
