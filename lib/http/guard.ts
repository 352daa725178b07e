import { Problem } from "./problem.ts";

/** The header that a page of the same origin can send, and a form of another origin cannot. */
export const PAGE_HEADER = "x-flux-mqtt";

/** Headers of every answer: the page loads nothing from other origins, and no other page frames or reads it. */
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

/** Host names that always mean this machine. */
const OWN_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Checks that requests name this broker and come from its own page. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;

  /** `address` is the listener's; `hosts` are further names. */
  constructor(address: string, hosts: readonly string[]) {
    this.#hosts = new Set(
      [...OWN_NAMES, address, ...hosts].filter((host) => host !== "").map(normalHost),
    );
  }

  /**
   * Throws a {@linkcode Problem} if the request names another host (somebody has pointed their own name at this address), or comes from a
   * page of another origin.
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
      throw new Problem(403, `Requests from pages of ${origin} are refused`);
    }
    const site = request.headers.get("sec-fetch-site");
    if (site === "cross-site" && request.headers.get("sec-fetch-mode") !== "navigate") {
      throw new Problem(403, "Requests from pages of other sites are refused");
    }
  }
}

/** Adds the security headers to an answer. */
export function secure(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

/** Compares hosts only, not schemes: a proxy before the broker may use TLS where the broker does not. */
function isSameOrigin(origin: string, url: URL): boolean {
  try {
    return new URL(origin).host === url.host;
  } catch {
    return false; // "null" is the origin of a page without one.
  }
}

function normalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.includes(":") && !lower.startsWith("[") ? `[${lower}]` : lower;
}
