import type { Option } from "./option.ts";
import { BOOLEAN, choice, integer, PATH, processRows, TEXT, transportRow } from "./rows.ts";

const processRow = processRows("TLS, WebSockets and proxies");

/** What lies between a listener's socket and MQTT: encryption, the frames of WebSockets, a proxy's header. */
export const TRANSPORT_OPTIONS: readonly Option[] = [
  transportRow(
    "protocol",
    "protocol",
    choice("mqtt", "websockets", "http_api"),
    "The protocol of the listener's clients: MQTT, MQTT in a WebSocket at any path, or HTTP for the dashboard, its API and `/metrics`.",
    { theme: "Listeners" },
  ),
  transportRow(
    "certfile",
    "certfile",
    PATH,
    "The PEM file of the server's certificate, followed by those between it and the root; with `keyfile` it turns on TLS for the " +
      "listener. Changes of the files are noticed, on SIGHUP at once.",
    { defaultText: "none: no encryption" },
  ),
  transportRow(
    "keyfile",
    "keyfile",
    PATH,
    "The PEM file of that certificate's key: RSA, EC or Ed25519, not encrypted.",
  ),
  transportRow(
    "cafile",
    "cafile",
    PATH,
    "A PEM file of the authorities that sign clients' certificates, if `require_certificate` is true, and of certificates between `certfile` and its root.",
  ),
  transportRow(
    "capath",
    "capath",
    PATH,
    "The same as a directory, in which every file with a certificate counts.",
    { differs: "only files that `openssl rehash` has linked: all are read here" },
  ),
  transportRow(
    "crlfile",
    "crlfile",
    PATH,
    "A PEM file of the revocation lists of these authorities; a certificate whose authority has no list there, or an outdated one, is refused.",
    { needsListener: true },
  ),
  transportRow(
    "require_certificate",
    "requireCertificate",
    BOOLEAN,
    "Whether clients must show a certificate that an authority of `cafile` or `capath` has signed; behind a proxy, one that the proxy found valid.",
  ),
  transportRow(
    "use_identity_as_username",
    "useIdentityAsUsername",
    BOOLEAN,
    "Whether the Common Name of a client's certificate is its user name; its password is ignored.",
  ),
  transportRow(
    "use_subject_as_username",
    "useSubjectAsUsername",
    BOOLEAN,
    "The same with the whole subject: `CN=pump-7,O=Works`.",
  ),
  transportRow(
    "tls_version",
    "tlsVersion",
    choice("tlsv1.3", "tlsv1.2"),
    "The oldest version of TLS that clients may speak.",
    { refusedValues: { "tlsv1.1": "TLS 1.1 is insecure and not supported; use tlsv1.2" } },
  ),
  transportRow(
    "websockets_origin",
    "websocketsOrigins",
    TEXT,
    "An origin whose pages may open WebSockets, as a browser writes it: `https://example.com:8080`; may be repeated.",
    { repeatable: true, needsListener: true, defaultText: "every origin" },
  ),
  processRow(
    "websockets_headers_size",
    "websocketsHeadersSize",
    integer(0, 65_535),
    "The largest request that may open a WebSocket: browsers send their cookies with it; 0, as in mosquitto: the default; less " +
      "than 1024 counts as 1024.",
    {
      unit: "bytes",
      differs: "4096: cookies of a browser may be longer",
    },
  ),
  transportRow(
    "enable_proxy_protocol",
    "enableProxyProtocol",
    choice("none", "1", "2"),
    "The version of the PROXY protocol that every connection begins with, in which a proxy before the broker says who the client is. " +
      "Only for a listener that nobody but the proxy can reach.",
    { needsListener: true },
  ),
  transportRow(
    "proxy_protocol_v2_require_tls",
    "proxyRequireTls",
    BOOLEAN,
    "Whether clients must connect to that proxy with TLS.",
    { needsListener: true },
  ),
];
