import type { LogPort } from "../broker/mod.ts";
import type { TlsLayer } from "./byte_stream.ts";
import type { TlsInit } from "./tls_init.ts";

/**
 * Reads certificates and keys for `Server.listen`; rejects with a `TypeError` that says what is wrong with them. The code for TLS is loaded
 * only now: a broker without it starts sooner and is smaller.
 */
export async function loadTls(init: TlsInit, log: LogPort = SILENT): Promise<TlsLayer> {
  const { TlsContext } = await import("./tls_context.ts");
  return new TlsContext(init, log);
}

/** A log that discards everything. */
export const SILENT: LogPort = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};
