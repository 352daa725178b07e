/**
 * The key under which limits for each address count a connection, made of the remote address of its {@linkcode Link}: `10.0.0.1`
 * for `10.0.0.1:50123`. For IPv6 the key is the /64 network, because one host has any number of addresses in it. An IPv4 address
 * that is written as IPv6 gets the key of the IPv4 address, because the /64 network would be the same for all of them. Clients of a
 * Unix socket have no address, so their key is the socket's path.
 */
export function addressKey(remoteAddress: string): string {
  // A path may hold colons. An address begins with a digit, a hexadecimal letter or a bracket.
  if (remoteAddress.startsWith("unix:") || remoteAddress.startsWith("/")) return remoteAddress;
  const colon = remoteAddress.lastIndexOf(":");
  let host = colon < 0 ? remoteAddress : remoteAddress.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) host = host.slice(1, -1);
  if (!host.includes(":")) return host;
  const groups = groupsOf(host);
  return groups === undefined ? host : mappedIpv4(groups) ?? networkOf(groups);
}

/**
 * The remote address as a {@linkcode Link} gives it: `10.0.0.1:50123`, also for an IPv4 address that a dual-stack socket shows as
 * IPv6.
 */
export function addressText(hostname: string, port: number): string {
  if (!hostname.includes(":")) return `${hostname}:${port}`;
  const groups = groupsOf(hostname);
  const ipv4 = groups && mappedIpv4(groups);
  return ipv4 === undefined ? `[${hostname}]:${port}` : `${ipv4}:${port}`;
}

/** The eight numbers of an IPv6 address; `undefined`: the text is no IPv6 address. The last two numbers may be written as IPv4. */
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

/** The IPv4 address that is mapped into `::ffff:0:0/96`; `undefined`: this address is not in that network. */
function mappedIpv4(groups: readonly number[]): string | undefined {
  const [sixth, high = 0, low = 0] = groups.slice(5);
  if (sixth !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

function networkOf(groups: readonly number[]): string {
  return `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}
