import type { LogPort } from "../broker/mod.ts";
import type { TlsLayer } from "./byte_stream.ts";

/** What a TLS listener is made of: paths of PEM files. */
export interface TlsInit {
  /** The server's certificate, and those between it and the root. */
  readonly certfile: string;
  /** Its key, not encrypted. */
  readonly keyfile: string;
  /** Certificates of who may sign those of clients; default: none. */
  readonly cafile?: string;
  /** A directory of such files. */
  readonly capath?: string;
  /** Certificate Revocation Lists for those of clients. */
  readonly crlfile?: string;
  /** Whether clients must show a certificate that one of these signed. Default: they are not asked for one. */
  readonly requireCertificate?: boolean;
  /** Milliseconds between looks at the files. Default: 3000. */
  readonly watchMs?: number;
  /** The oldest version of TLS. Default: 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

/**
 * Reads certificates and keys, for `Server.listen`; rejects with a `TypeError` that says what is wrong with them. What TLS needs is loaded
 * only now: a broker without it starts sooner and is smaller.
 */
export async function loadTls(init: TlsInit, log: LogPort = SILENT): Promise<TlsLayer> {
  const { TlsContext } = await import("./tls_context.ts");
  return new TlsContext(init, log);
}

/** Says nothing. */
export const SILENT: LogPort = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};
