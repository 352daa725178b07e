/** The address of this machine for itself. */
export const LOOPBACK_ADDRESS = "127.0.0.1";

/**
 * Whether a host name or an address is local, so that only programs on this machine can connect: `localhost`, all of 127.0.0.0/8, `::1`,
 * and the same written as IPv6.
 */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host);
}
