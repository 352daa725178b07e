import type { NatsPlace } from "../cluster/mod.ts";

const DEFAULT_PORT = 4222;
const EXPECTED = "nats://HOST:PORT or tls://HOST:PORT, separated by commas";

/** Whether a text may name a cluster or a node: it is one token of NATS subjects. */
export function isClusterName(text: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(text);
}

/** Parses `nats://HOST[:PORT][,...]`; `tls://` asks for TLS. Throws a `TypeError` whose message says what would be right. */
export function parseNatsPlaces(text: string): readonly NatsPlace[] {
  return text.split(",").map((part) => placeOf(part.trim()));
}

function placeOf(text: string): NatsPlace {
  const wrong = new TypeError(`Must be ${EXPECTED}, is "${text}"`);
  if (!text.startsWith("nats://") && !text.startsWith("tls://")) throw wrong;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong;
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      "Cannot contain a user name or password: use cluster_username with cluster_password_file, cluster_token_file, cluster_nkey_file or " +
        "cluster_credentials_file",
    );
  }
  if (url.hostname === "" || url.pathname !== "" && url.pathname !== "/") throw wrong;
  if (url.search !== "" || url.hash !== "" || url.port === "0") throw wrong;
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    isTls: url.protocol === "tls:",
  };
}
