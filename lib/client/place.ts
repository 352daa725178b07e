/** Certificates and keys of a TLS connection, PEM texts. */
export interface ClientTls {
  /** Trusted beside the system's own; absent: only those. */
  readonly caCerts?: readonly string[];
  /** Our certificate chain and its key, where the broker asks for one. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** Whether the broker's certificate may have another name than `hostname`. Default: false. */
  readonly insecure?: boolean;
  /** Whether nothing of the broker's certificate is checked, so that anybody may be the broker. Default: false. */
  readonly trustsAnyone?: boolean;
  /** The oldest version of TLS that is spoken; default: TLSv1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** The name that the broker's certificate must have, sent as SNI; default: `hostname`. */
  readonly serverName?: string;
  /** Protocols offered by ALPN; default: `mqtt`, for a WebSocket `http/1.1`. */
  readonly alpnProtocols?: readonly string[];
}

/** How MQTT is carried over a WebSocket. */
export interface ClientWebSocket {
  /** Path and query of the request, with their `/`; default: `/mqtt`. */
  readonly path?: string;
  /** More headers of the request, as some clouds want them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A SOCKS5 proxy. */
export interface SocksProxy {
  /** A name or an address. */
  readonly hostname: string;
  /** 1080 by custom. */
  readonly port: number;
  /** Absent: it wants none. */
  readonly userName?: string;
  /** With `userName`; default: empty. */
  readonly password?: string;
}

/** Where a broker is. */
export interface Place {
  /** A name or an address. */
  readonly hostname: string;
  /** 1883 by custom, with TLS 8883. */
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: ClientTls;
  /** Absent: MQTT without a WebSocket. */
  readonly webSocket?: ClientWebSocket;
  /** The address of this machine from which to connect; absent: the system chooses. */
  readonly localAddress?: string;
  /** The proxy that connects to host name and port; absent: none. */
  readonly proxy?: SocksProxy;
  /** The path of a Unix socket, in the place of host name and port. */
  readonly unixPath?: string;
}

/** The parts of a broker's URL. */
export interface BrokerUrl extends Place {
  /** Of the URL's user information. */
  readonly userName?: string;
  /** Of the URL's user information. */
  readonly password?: Uint8Array;
}

/** Schemes with their port, and whether they have TLS and a WebSocket. */
// deno-fmt-ignore
const SCHEMES: Readonly<Record<string, { readonly port: number; readonly tls: boolean; readonly webSocket: boolean }>> = {
  "mqtt:": { port: 1883, tls: false, webSocket: false },
  "tcp:": { port: 1883, tls: false, webSocket: false },
  "mqtts:": { port: 8883, tls: true, webSocket: false },
  "ssl:": { port: 8883, tls: true, webSocket: false },
  "ws:": { port: 80, tls: false, webSocket: true },
  "wss:": { port: 443, tls: true, webSocket: true },
};

/**
 * Reads `mqtt://`, `mqtts://`, `ws://`, `wss://` (also `tcp://` and `ssl://`) and `unix://` URLs, with user name and password where they stand in
 * it. Throws a `TypeError` that says what is wrong. `tls` has the options that a URL cannot have.
 */
export function parseBrokerUrl(url: string | URL, tls: ClientTls = {}): BrokerUrl {
  const text = String(url);
  if (!URL.canParse(text)) throw new TypeError(`Cannot read "${text}": it is no URL`);
  const parsed = new URL(text);
  const { protocol, username, password } = parsed;
  const credentials = {
    ...username === "" ? {} : { userName: decodeURIComponent(username) },
    ...password === "" ? {} : { password: new TextEncoder().encode(decodeURIComponent(password)) },
  };
  if (protocol === "unix:") return { ...unixPlace(parsed), ...credentials };
  const scheme = Object.hasOwn(SCHEMES, protocol) ? SCHEMES[protocol]! : undefined;
  if (scheme === undefined) {
    const known = [...Object.keys(SCHEMES), "unix:"].map((name) => `${name}//`).join(", ");
    throw new TypeError(`Cannot use "${protocol}//": a broker's URL begins with ${known}`);
  }
  if (parsed.hostname === "") throw new TypeError(`Cannot read "${text}": it has no host name`);
  const path = parsed.pathname + parsed.search;
  return {
    hostname: hostnameOf(parsed),
    port: parsed.port === "" ? scheme.port : Number(parsed.port),
    ...scheme.tls ? { tls } : {},
    ...scheme.webSocket ? { webSocket: path === "" || path === "/" ? {} : { path } } : {},
    ...credentials,
  };
}

/** The host name in a URL. An IPv6 address stands in brackets there, and without them everywhere else. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** How a place is named in errors and logs: never with a password. */
export function nameOfPlace({ hostname, port, unixPath, tls, webSocket }: Place): string {
  if (unixPath !== undefined) return `unix:${unixPath}`;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  if (webSocket === undefined) return `${host}:${port}`;
  return `${tls === undefined ? "ws" : "wss"}://${host}:${port}${webSocket.path ?? "/mqtt"}`;
}

function unixPlace({ host, pathname, href }: URL): Place {
  const path = decodeURIComponent(pathname);
  if (host !== "" || path.length < 2) {
    throw new TypeError(`Cannot read "${href}": a Unix socket is unix:///path/to/socket`);
  }
  return { hostname: "localhost", port: 0, unixPath: path };
}
