import type { Option } from "./option.ts";
import { BOOLEAN, choice, integer, PATH, processRow, transportRow } from "./rows.ts";

/** What lies between a listener's socket and MQTT: encryption, the frames of WebSockets, a proxy's header. */
export const TRANSPORT_OPTIONS: readonly Option[] = [
  transportRow(
    "protocol",
    "protocol",
    choice("mqtt", "websockets", "http_api"),
    "What the listener's clients speak: MQTT, MQTT in a WebSocket at any path, or HTTP: the dashboard, its API and `/metrics`.",
    { theme: "Listeners" },
  ),
  transportRow(
    "certfile",
    "certfile",
    PATH,
    "The server's certificate in PEM, and behind it those between it and the root; with `keyfile` it makes the listener one " +
      "for TLS. Changed files are noticed, on SIGHUP at once.",
    { defaultText: "none: no encryption" },
  ),
  transportRow(
    "keyfile",
    "keyfile",
    PATH,
    "The key of that certificate in PEM: RSA, EC or Ed25519, not encrypted.",
    { defaultText: "none" },
  ),
  transportRow(
    "cafile",
    "cafile",
    PATH,
    "Certificates in PEM: the authorities that may have signed clients' certificates, where `require_certificate` is true, and those between `certfile` and its root.",
    { defaultText: "none" },
  ),
  transportRow(
    "capath",
    "capath",
    PATH,
    "The same: a directory, of which every file with a certificate counts.",
    {
      defaultText: "none",
      differs: "only files that `openssl rehash` has linked: all are read here",
    },
  ),
  transportRow(
    "crlfile",
    "crlfile",
    PATH,
    "What these authorities have revoked, in PEM; whose authority has no list here, or one out of date, is refused.",
    { defaultText: "none", needsListener: true },
  ),
  transportRow(
    "require_certificate",
    "requireCertificate",
    BOOLEAN,
    "Whether clients must show a certificate that `cafile` or `capath` vouches for; behind a proxy, one that it found valid.",
    {},
  ),
  transportRow(
    "use_identity_as_username",
    "useIdentityAsUsername",
    BOOLEAN,
    "Whether the Common Name of a client's certificate is its user name; its password is not looked at.",
    {},
  ),
  transportRow(
    "use_subject_as_username",
    "useSubjectAsUsername",
    BOOLEAN,
    "The same with the whole subject: `CN=pump-7,O=Works`.",
    {},
  ),
  transportRow(
    "tls_version",
    "tlsVersion",
    choice("tlsv1.3", "tlsv1.2"),
    "The oldest version of TLS that clients may speak.",
    { refusedValues: { "tlsv1.1": "TLS 1.1 is broken and not spoken here; use tlsv1.2" } },
  ),
  transportRow(
    "websockets_origin",
    "websocketsOrigins",
    { kind: "text", maxLength: 255 },
    "An origin whose pages may open WebSockets, as a browser writes it: `https://example.com:8080`; several lines are several.",
    { repeatable: true, needsListener: true, defaultText: "every origin" },
  ),
  processRow(
    "websockets_headers_size",
    "websocketsHeadersSize",
    integer(0, 65_535),
    "How long the request may be that opens a WebSocket: a browser sends its cookies along; 0, as in mosquitto: the default; less " +
      "than 1024 counts as 1024.",
    {
      theme: "TLS, WebSockets and proxies",
      unit: "bytes",
      differs: "4096: what a browser sends along may be longer",
    },
  ),
  transportRow(
    "enable_proxy_protocol",
    "enableProxyProtocol",
    choice("none", "1", "2"),
    "The version of the PROXY protocol that every connection begins with: the proxy before the broker says who the client is. " +
      "Only for a listener that nobody but the proxy can reach.",
    { needsListener: true },
  ),
  transportRow(
    "proxy_protocol_v2_require_tls",
    "proxyRequireTls",
    BOOLEAN,
    "Whether a client must have come to that proxy with TLS.",
    { needsListener: true },
  ),
];
