import { connectionError } from "./error.ts";

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
}

/** Where a broker is. */
export interface Place {
  /** A name or an address. */
  readonly hostname: string;
  /** 1883 by custom, with TLS 8883. */
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: ClientTls;
}

/** Opens a connection; throws a `ClientError` that says which part of it failed. */
export async function open(place: Place): Promise<Deno.TcpConn | Deno.TlsConn> {
  const { hostname, port, tls } = place;
  try {
    if (tls === undefined) {
      const conn = await Deno.connect({ hostname, port });
      conn.setNoDelay(true);
      return conn;
    }
    const { caCerts, cert, key, insecure = false } = tls;
    const conn = await Deno.connectTls({
      hostname,
      port,
      alpnProtocols: ["mqtt"],
      unsafelyDisableHostnameVerification: insecure,
      ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
    await conn.handshake();
    return conn;
  } catch (error) {
    throw connectionError(error, `${hostname}:${port}`);
  }
}

/** Writes all of the bytes: one call may take a part of them. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await conn.write(bytes.subarray(written));
  }
}
