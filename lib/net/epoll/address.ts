import { addressText } from "../../broker/mod.ts";
import { isIpv4, isIpv6, shortenIpv6 } from "../ip_text.ts";
import { ADDRESS_BYTES, type SocketAddress } from "./descriptors.ts";

/** Unix sockets. */
export const AF_UNIX = 1;
/** IPv4. */
export const AF_INET = 2;
const AF_INET6 = 10;
/** Bytes of `struct sockaddr_in` and `struct sockaddr_in6`. */
const IPV4_BYTES = 16;
const IPV6_BYTES = 28;
/** Where the path of `struct sockaddr_un` begins, and its greatest length, which leaves room for the final zero. */
const PATH_AT = 2;
const MAX_PATH_BYTES = 107;

/** Encodes an address for the system. A host name is resolved as by `Deno.listen`, which asks for the necessary permission. */
export function encodeAddress(hostname: string, port: number): SocketAddress {
  requireNet(hostname, port);
  const host = isIpv4(hostname) || isIpv6(hostname) ? hostname : lookUp(hostname);
  const isV6 = isIpv6(host);
  const bytes = new Uint8Array(new ArrayBuffer(isV6 ? IPV6_BYTES : IPV4_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isV6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (isV6) ipv6Groups(host).forEach((group, i) => view.setUint16(8 + i * 2, group));
  else host.split(".").forEach((part, i) => bytes[4 + i] = Number(part));
  return bytes;
}

/** The address of a Unix socket. */
export function encodePath(path: string): SocketAddress {
  const text = new TextEncoder().encode(path);
  if (text.length === 0 || text.length > MAX_PATH_BYTES || text.includes(0)) {
    throw new TypeError(
      `Cannot listen on "${path}": a socket's path has 1 to ${MAX_PATH_BYTES} bytes`,
    );
  }
  const bytes = new Uint8Array(new ArrayBuffer(PATH_AT + text.length + 1));
  bytes[0] = AF_UNIX;
  bytes.set(text, PATH_AT);
  return bytes;
}

/** The family of an address. */
export function familyOf(address: SocketAddress): number {
  return address[0]! | address[1]! << 8;
}

/** The port of an IP address; 0 for other families. */
export function portOf(address: SocketAddress): number {
  return familyOf(address) === AF_UNIX ? 0 : address[2]! << 8 | address[3]!;
}

/**
 * Writes `192.0.2.5:6275` or `[2001:db8::5]:6275`; `undefined` if it is not an IP address. `address` has the length of the longest address.
 */
export function showAddress(address: SocketAddress): string | undefined {
  const port = portOf(address);
  switch (familyOf(address)) {
    case AF_INET:
      return `${address[4]}.${address[5]}.${address[6]}.${address[7]}:${port}`;
    case AF_INET6: {
      const view = new DataView(address.buffer, address.byteOffset, ADDRESS_BYTES);
      const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + i * 2));
      return addressText(showIpv6(groups), port);
    }
    default:
      return undefined;
  }
}

/**
 * Writes an IPv6 address like Deno. An IPv4 address at a socket for both families is `::ffff:192.0.2.5`; `addressText` turns it into IPv4.
 */
function showIpv6(groups: readonly number[]): string {
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (!isMapped) return shortenIpv6(groups.map((group) => group.toString(16)));
  const [high, low] = [groups[6]!, groups[7]!];
  return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight numbers of an IPv6 address in any notation; the URL parser makes it uniform. */
function ipv6Groups(text: string): number[] {
  const { hostname } = new URL(`http://[${text}]/`);
  const [front = "", back] = hostname.slice(1, -1).split("::");
  const parse = (part: string) =>
    part === "" ? [] : part.split(":").map((word) => parseInt(word, 16));
  if (back === undefined) return parse(front);
  const [head, tail] = [parse(front), parse(back)];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** libc would listen without the permission that `Deno.listen` needs; this check keeps the program to its permissions. */
function requireNet(hostname: string, port: number): void {
  const name = isIpv6(hostname) ? `[${hostname}]` : hostname;
  const host = `${name}:${port}`;
  if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return;
  throw new Deno.errors.NotCapable(`Requires net access to "${host}"`);
}

/** Resolves a host name to the address that Deno would listen on. */
function lookUp(hostname: string): string {
  const listener = Deno.listen({ hostname, port: 0 });
  const { addr } = listener;
  listener.close();
  return addr.hostname;
}
