/** The address of this machine for itself. */
export const LOOPBACK_ADDRESS = "127.0.0.1";

/**
 * Whether a host name or an address is this machine alone, so that nobody connects but programs that run on it: `localhost`, all of
 * 127.0.0.0/8, `::1`, and the same written as IPv6.
 */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host);
}
