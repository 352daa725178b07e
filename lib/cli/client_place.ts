import {
  type ClientPorts,
  hostnameOf,
  type Place,
  type SocksProxy,
  SYSTEM_PORTS,
} from "../client/mod.ts";
import { type ClientFlags, integer } from "./flag_values.ts";
import { tlsOf } from "./client_tls.ts";
import { localDomain, srvPorts } from "./srv_lookup.ts";
import { UsageError } from "./usage_error.ts";

/** Where the broker is, and the way there. Throws a `UsageError`, or what reading a file throws. */
export function placeOf(flags: ClientFlags): Place {
  const { text, on } = flags;
  const tls = tlsOf(flags);
  const proxy = text.get("proxy");
  const localAddress = text.get("bind");
  if (localAddress !== undefined && !/^[\d.]+$|^[\da-f.]*:[\da-f:.]*$/i.test(localAddress)) {
    throw new UsageError(`-A: Must be an address of this machine, is "${localAddress}"`);
  }
  const hops = ["proxy", "bind"].filter((name) => text.has(name)).concat(
    on.has("srv") ? "srv" : [],
  );
  if (text.has("unix") && hops.length > 0) {
    throw new UsageError(`--unix and --${hops[0]}: Cannot stand together`);
  }
  return {
    hostname: hostOf(flags),
    port: integer(flags, "port", tls === undefined ? 1883 : 8883, 1, 65_535),
    ...tls === undefined ? {} : { tls },
    ...on.has("ws") ? { webSocket: {} } : {},
    ...text.has("unix") ? { unixPath: text.get("unix")! } : {},
    ...localAddress === undefined ? {} : { localAddress },
    ...proxy === undefined ? {} : { proxy: proxyOf(proxy) },
  };
}

/** The network that the flags want. */
export function portsOf({ on }: ClientFlags): ClientPorts {
  return on.has("srv") ? srvPorts(SYSTEM_PORTS) : SYSTEM_PORTS;
}

/** With `-S` alone, the domain of this machine has the record. */
function hostOf({ text, on }: ClientFlags): string {
  const given = text.get("host");
  if (given !== undefined || !on.has("srv")) return given ?? "localhost";
  let resolvConf = "";
  try {
    resolvConf = Deno.readTextFileSync("/etc/resolv.conf");
  } catch {
    // Some systems have none.
  }
  const domain = localDomain(Deno.hostname(), resolvConf);
  if (domain !== undefined) return domain;
  throw new UsageError("-S: Needs -h DOMAIN: this machine has no domain of its own");
}

function proxyOf(url: string): SocksProxy {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "socks5h:" || parsed.hostname === "") {
    throw new UsageError(`--proxy: Must be socks5h://[NAME[:PASSWORD]@]HOST[:PORT], is "${url}"`);
  }
  const { port, username, password } = parsed;
  return {
    hostname: hostnameOf(parsed),
    port: port === "" ? 1080 : Number(port),
    ...username === "" ? {} : { userName: decodeURIComponent(username) },
    ...password === "" ? {} : { password: decodeURIComponent(password) },
  };
}
