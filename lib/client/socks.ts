import type { SocksProxy } from "./place.ts";
import { ClientError } from "./protocol/client_error.ts";
import { type ClientStream, writeAll } from "./stream.ts";

const VERSION = 5;
/** Authentication methods: none; a name and a password, by RFC 1929; none of those that were offered. */
const [OPEN, NAMED, NO_METHOD] = [0, 2, 0xff];
/** How an address is written: four bytes, a name behind its length, sixteen bytes. */
const [IPV4, NAME, IPV6] = [1, 3, 4];
/** REP of the answer, in the words of RFC 1928, section 6. */
const FAILURES: readonly string[] = [
  "it succeeded",
  "general SOCKS server failure",
  "connection not allowed by ruleset",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

/** Has a SOCKS5 proxy connect to a place (RFC 1928), which finds the name itself. Throws a `ClientError`. */
export async function connectThrough(
  stream: ClientStream,
  proxy: SocksProxy,
  to: { readonly hostname: string; readonly port: number },
): Promise<void> {
  const fail = (reason: string, kind: "unreachable" | "protocol" = "unreachable") => {
    const where = `${proxy.hostname}:${proxy.port}`;
    return new ClientError(
      kind,
      `The proxy ${where} does not lead to ${to.hostname}:${to.port}: ${reason}`,
    );
  };
  const { userName, password = "" } = proxy;
  const methods = userName === undefined ? [OPEN] : [OPEN, NAMED];
  await writeAll(stream, new Uint8Array([VERSION, methods.length, ...methods]));
  const [version, method] = await readExactly(stream, 2, fail);
  if (version !== VERSION) throw fail("it does not speak SOCKS5", "protocol");
  if (method === NO_METHOD) throw fail("it wants a name and a password");
  if (method === NAMED) {
    await writeAll(stream, new Uint8Array([1, ...counted(userName!), ...counted(password)]));
    const [, status] = await readExactly(stream, 2, fail);
    if (status !== 0) throw fail("it refuses the name or the password");
  }
  const port = [to.port >> 8, to.port & 0xff];
  await writeAll(stream, new Uint8Array([VERSION, 1, 0, ...addressOf(to.hostname), ...port]));
  const [, reply = 1, , type] = await readExactly(stream, 4, fail);
  if (reply !== 0) throw fail(FAILURES[reply] ?? `reply ${reply}`);
  const length = type === IPV4 ? 4 : type === IPV6 ? 16 : (await readExactly(stream, 1, fail))[0]!;
  await readExactly(stream, length + 2, fail);
}

/** No byte more than is wanted: what follows is the broker's. */
async function readExactly(
  stream: ClientStream,
  length: number,
  fail: (reason: string) => ClientError,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await stream.read(bytes.subarray(at));
    if (count === null) throw fail("it closed the connection");
    at += count;
  }
  return bytes;
}

function addressOf(hostname: string): readonly number[] {
  if (/^\d+(\.\d+){3}$/.test(hostname)) return [IPV4, ...hostname.split(".").map(Number)];
  // An IPv6 address travels as a name: proxies read it, and nothing has to be parsed here.
  return [NAME, ...counted(hostname)];
}

/** A text of at most 255 bytes behind its length. */
function counted(text: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 255) throw new RangeError(`Cannot tell a proxy ${bytes.length} bytes of text`);
  return [bytes.length, ...bytes];
}
