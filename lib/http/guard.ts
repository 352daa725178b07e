import { Problem } from "./problem.ts";

/** The name of the header that a page of the same origin can send and a form of another cannot. */
export const PAGE_HEADER = "x-flux-mqtt";

/** On every answer: nothing comes from elsewhere, nobody frames it, and nobody else's page reads it. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Host names of this machine alone. */
const OWN_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Whether requests are for this broker and come from its own page. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;

  /** `address`: that of the listener; `hosts`: further names. */
  constructor(address: string, hosts: readonly string[]) {
    this.#hosts = new Set(
      [...OWN_NAMES, address, ...hosts].filter((host) => host !== "").map(normalHost),
    );
  }

  /**
   * Throws a {@linkcode Problem} where the request is for another name (somebody has pointed a name of theirs at this address) or
   * comes from a page of another origin.
   */
  check(request: Request, url: URL): void {
    if (!this.#hosts.has(normalHost(url.hostname))) {
      throw new Problem(
        421,
        `Nothing is served under the name ${url.hostname}; \`http_host ${url.hostname}\` below the listener adds it`,
      );
    }
    const origin = request.headers.get("origin");
    if (origin !== null && !isSameOrigin(origin, url)) {
      throw new Problem(403, `Requests of pages of ${origin} are refused`);
    }
    const site = request.headers.get("sec-fetch-site");
    if (site === "cross-site" && request.headers.get("sec-fetch-mode") !== "navigate") {
      throw new Problem(403, "Requests of pages of other sites are refused");
    }
  }
}

/** Puts the headers on that every answer has. */
export function secure(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

/** A proxy before the broker may speak TLS where the broker does not: the scheme is not looked at. */
function isSameOrigin(origin: string, url: URL): boolean {
  try {
    return new URL(origin).host === url.host;
  } catch {
    return false; // "null": a page of no origin.
  }
}

function normalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.includes(":") && !lower.startsWith("[") ? `[${lower}]` : lower;
}
