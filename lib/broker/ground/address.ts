/**
 * Whose connections count as one party's, by what a {@linkcode Link} says of its peer: `10.0.0.1` of `10.0.0.1:50123`. Of IPv6 it
 * is the network of 64 bits, in which one host has any number of addresses, but of an IPv4 address that is written as IPv6 the
 * IPv4 address, or else all of these would be one party. Clients of a Unix socket have no address, so it is the socket's.
 */
export function addressKey(remoteAddress: string): string {
  // A path may hold colons; an address begins with a digit of its own, a letter of hexadecimal or a bracket.
  if (remoteAddress.startsWith("unix:") || remoteAddress.startsWith("/")) return remoteAddress;
  const colon = remoteAddress.lastIndexOf(":");
  let host = colon < 0 ? remoteAddress : remoteAddress.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) host = host.slice(1, -1);
  if (!host.includes(":")) return host;
  const groups = groupsOf(host);
  return groups === undefined ? host : mappedIpv4(groups) ?? networkOf(groups);
}

/** What a {@linkcode Link} says of its peer: `10.0.0.1:50123`, also of an IPv4 address that a socket for both shows as IPv6. */
export function addressText(hostname: string, port: number): string {
  if (!hostname.includes(":")) return `${hostname}:${port}`;
  const groups = groupsOf(hostname);
  const ipv4 = groups && mappedIpv4(groups);
  return ipv4 === undefined ? `[${hostname}]:${port}` : `${ipv4}:${port}`;
}

/** The eight numbers of an IPv6 address; `undefined`: it is none. The last two may be written as IPv4. */
function groupsOf(host: string): number[] | undefined {
  const zone = host.indexOf("%");
  const [left = "", right, ...more] = (zone < 0 ? host : host.slice(0, zone)).split("::");
  const head = numbersOf(left);
  const tail = numbersOf(right ?? "");
  const zeros = 8 - head.length - tail.length;
  if (more.length > 0 || (right === undefined ? zeros !== 0 : zeros < 1)) return undefined;
  const groups = [...head, ...Array<number>(zeros).fill(0), ...tail];
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined;
}

function numbersOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a = NaN, b = NaN, c = NaN, d = NaN] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** Of `::ffff:0:0/96`. */
function mappedIpv4(groups: readonly number[]): string | undefined {
  const [sixth, high = 0, low = 0] = groups.slice(5);
  if (sixth !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

function networkOf(groups: readonly number[]): string {
  return `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}
