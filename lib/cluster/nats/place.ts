/** One NATS server, by its address. */
export interface NatsPlace {
  readonly hostname: string;
  readonly port: number;
  /** Whether the address asks for TLS: `tls://`. */
  readonly isTls: boolean;
}

/** What an address line says: servers, and who comes. */
export interface NatsAddress {
  readonly places: readonly NatsPlace[];
  /** `""`: none is named. */
  readonly user: string;
  readonly password: string;
}

const DEFAULT_PORT = 4222;

/**
 * Reads `nats://[USER:PASSWORD@]HOST[:PORT][,…]`; `tls://` asks for TLS. Throws `TypeError`, with what would be right.
 */
export function parseNatsAddress(text: string): NatsAddress {
  const places: NatsPlace[] = [];
  let user = "";
  let password = "";
  for (const part of text.split(",")) {
    const given = part.trim();
    // Behind the first address the scheme may be left out.
    const whole = given.includes("://") || places.length === 0 ? given : `nats://${given}`;
    const url = urlOf(whole);
    if (url.username !== "") {
      user = decodeURIComponent(url.username);
      password = decodeURIComponent(url.password);
    }
    places.push({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? DEFAULT_PORT : Number(url.port),
      isTls: url.protocol === "tls:",
    });
  }
  return { places, user, password };
}

/** A place as it is written in logs, without who comes. */
export function nameOfPlace({ hostname, port, isTls }: NatsPlace): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${isTls ? "tls" : "nats"}://${host}:${port}`;
}

function urlOf(text: string): URL {
  const wrong = () =>
    new TypeError(`Not a server of NATS: use nats://HOST:PORT or tls://HOST:PORT`);
  if (!text.startsWith("nats://") && !text.startsWith("tls://")) throw wrong();
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong();
  }
  if (url.hostname === "" || url.pathname !== "" && url.pathname !== "/") throw wrong();
  if (url.search !== "" || url.hash !== "" || url.port === "0") throw wrong();
  return url;
}
