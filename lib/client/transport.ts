import { ClientError, connectionError } from "./error.ts";

/** Certificates and keys of a TLS connection, PEM texts. */
export interface ClientTls {
  /** Trusted beside the system's own; absent: only those. */
  readonly caCerts?: readonly string[];
  /** Our certificate chain and its key, where the broker asks for one. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** Whether the name in the broker's certificate need not be the one that was called. Default: false. */
  readonly insecure?: boolean;
  /** The name that the broker's certificate must have, sent as SNI; default: the name that is called. */
  readonly serverName?: string;
  /** Protocols offered by ALPN; default: `mqtt`. */
  readonly alpnProtocols?: readonly string[];
}

/** Where a broker is. */
export interface Place {
  /** A name or an address. */
  readonly hostname: string;
  /** 1883 by custom, with TLS 8883. */
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: ClientTls;
  /** Absent: MQTT without a WebSocket. */
  readonly webSocket?: { readonly path?: string };
}

/** Opens a connection; throws a `ClientError` that says which part of it failed. */
export async function open(
  place: Place,
  timeoutMs: number,
): Promise<Deno.TcpConn | Deno.TlsConn> {
  const late = Promise.withResolvers<never>();
  const aborter = new AbortController();
  const where = `${place.hostname}:${place.port}`;
  const timer = setTimeout(() => {
    const message = `Cannot connect to ${where}: no answer within ${timeoutMs} ms`;
    late.reject(new ClientError("timeout", message));
    aborter.abort();
  }, timeoutMs);
  try {
    const opening = place.tls === undefined
      ? openTcp(place, aborter.signal)
      : openTls(place, place.tls, aborter.signal);
    return await Promise.race([opening, late.promise]);
  } catch (error) {
    throw error instanceof ClientError ? error : connectionError(error, where);
  } finally {
    clearTimeout(timer);
  }
}

async function openTcp({ hostname, port }: Place, signal: AbortSignal): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(true);
  return conn;
}

/** Deno knows no way to give up waiting for TLS: a connection that comes too late is closed when it comes. */
async function openTls(
  { hostname, port }: Place,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const { caCerts, cert, key, insecure = false } = tls;
  const conn = await Deno.connectTls({
    hostname,
    port,
    alpnProtocols: ["mqtt"],
    unsafelyDisableHostnameVerification: insecure,
    ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  signal.addEventListener("abort", () => tryClose(conn));
  try {
    signal.throwIfAborted();
    await conn.handshake();
    return conn;
  } catch (error) {
    tryClose(conn);
    throw error;
  }
}

/** Writes all of the bytes: one call may take a part of them. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await conn.write(bytes.subarray(written));
  }
}

/** Closes what may be closed already. */
export function tryClose(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
