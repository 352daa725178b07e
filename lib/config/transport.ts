import type { ListenerAccess } from "../auth/mod.ts";
import type { ProxyOptions, TlsInit } from "../net/mod.ts";
import type { ListenerConfig } from "./config.ts";
import type { Draft } from "./draft.ts";
import { httpContradictions } from "./http.ts";
import type { HttpConfig } from "./http_config.ts";
import type { TransportOptions } from "./transport_options.ts";

/** What `resolveTransport` decides of a listener. */
export type Transport = Pick<
  ListenerConfig,
  "protocol" | "websocketsOrigins" | "tls" | "proxy" | "http"
>;

/** Combines a listener's options of TLS, WebSockets, HTTP and proxies. Contradictions are added to the draft's problems. */
export function resolveTransport(
  draft: Draft,
  options: TransportOptions,
  http: HttpConfig,
  originOf: (option: string) => string,
): Transport {
  for (const [option, message] of contradictions(options, http)) {
    draft.problem(originOf(option), option, message);
  }
  for (const [option, reason] of withoutEffect(options)) {
    draft.noteNoEffect(originOf(option), option, reason);
  }
  const { protocol, websocketsOrigins } = options;
  const tls = tlsConfig(options);
  const proxy = proxyConfig(options);
  return {
    protocol,
    websocketsOrigins,
    ...tls === undefined ? {} : { tls },
    ...proxy === undefined ? {} : { proxy },
    ...protocol === "http_api" ? { http } : {},
  };
}

/** The part of a client's certificate that is its user name. */
export function certificateUserName(
  options: TransportOptions,
): ListenerAccess["certificateUserName"] {
  if (options.useSubjectAsUsername) return "subject";
  return options.useIdentityAsUsername ? "common_name" : "none";
}

/** Encryption that is only partly configured is an error: the listener must not run without it. */
function* contradictions(
  options: TransportOptions,
  http: HttpConfig,
): Generator<[option: string, message: string]> {
  const { certfile, keyfile, requireCertificate, enableProxyProtocol } = options;
  if (certfile !== "" && keyfile === "") {
    yield ["certfile", "Needs `keyfile`, the key of this certificate"];
  }
  if (certfile === "" && keyfile !== "") {
    yield ["keyfile", "Needs `certfile`, the certificate of this key"];
  }
  yield* httpContradictions(options, http);
  if (enableProxyProtocol !== "none") yield* withProxy(options);
  else yield* withoutProxy(options);
  if (options.useIdentityAsUsername && options.useSubjectAsUsername) {
    yield [
      "use_subject_as_username",
      "Cannot be true with `use_identity_as_username`: a client has one name",
    ];
  }
  const fromCertificate = options.useIdentityAsUsername
    ? "use_identity_as_username"
    : options.useSubjectAsUsername
    ? "use_subject_as_username"
    : undefined;
  if (fromCertificate !== undefined && !requireCertificate) {
    yield [
      fromCertificate,
      "Needs `require_certificate true`: otherwise clients show no certificate",
    ];
  }
}

function* withoutProxy(options: TransportOptions): Generator<[option: string, message: string]> {
  const { certfile, requireCertificate, cafile, capath, tlsVersion } = options;
  if (requireCertificate && certfile === "") {
    yield ["require_certificate", "Needs TLS: `certfile` and `keyfile`"];
  }
  if (requireCertificate && cafile === "" && capath === "") {
    yield [
      "require_certificate",
      "Needs `cafile` or `capath`: the authorities that sign the certificates",
    ];
  }
  if (certfile === "" && tlsVersion !== "tlsv1.2") {
    yield ["tls_version", "Needs TLS: `certfile` and `keyfile`"];
  }
  if (certfile === "" && (cafile !== "" || capath !== "")) {
    yield [cafile !== "" ? "cafile" : "capath", "Needs TLS: `certfile` and `keyfile`"];
  }
}

/** What changes nothing here, nor in mosquitto: it takes nothing away that the file asks for. */
function* withoutEffect(options: TransportOptions): Generator<[option: string, reason: string]> {
  const { crlfile, requireCertificate, enableProxyProtocol, proxyRequireTls } = options;
  if (enableProxyProtocol !== "none") return;
  if (crlfile !== "" && !requireCertificate) {
    yield ["crlfile", "without `require_certificate true` no client shows a certificate"];
  }
  if (proxyRequireTls) {
    yield ["proxy_protocol_v2_require_tls", "it is for `enable_proxy_protocol 2`"];
  }
}

function* withProxy(options: TransportOptions): Generator<[option: string, message: string]> {
  const { certfile, enableProxyProtocol: version } = options;
  if (certfile !== "") {
    yield ["certfile", "Cannot be used with `enable_proxy_protocol`: TLS ends at the proxy"];
  }
  if (options.useSubjectAsUsername) {
    yield [
      "use_subject_as_username",
      "Cannot be used with `enable_proxy_protocol`: a proxy passes on only the Common Name",
    ];
  }
  if (options.crlfile !== "") {
    yield ["crlfile", "Cannot be used with `enable_proxy_protocol`: the proxy checks certificates"];
  }
  if (version === "2") return;
  if (options.requireCertificate) yield ["require_certificate", "Needs `enable_proxy_protocol 2`"];
  if (options.proxyRequireTls) {
    yield ["proxy_protocol_v2_require_tls", "Needs `enable_proxy_protocol 2`"];
  }
}

function tlsConfig(options: TransportOptions): TlsInit | undefined {
  const { certfile, keyfile, cafile, capath, crlfile, requireCertificate } = options;
  if (certfile === "") return undefined;
  return {
    certfile,
    keyfile,
    ...cafile === "" ? {} : { cafile },
    ...capath === "" ? {} : { capath },
    ...crlfile === "" || !requireCertificate ? {} : { crlfile },
    requireCertificate,
    minVersion: options.tlsVersion === "tlsv1.3" ? "TLSv1.3" : "TLSv1.2",
  };
}

function proxyConfig(options: TransportOptions): ProxyOptions | undefined {
  const { enableProxyProtocol: version, proxyRequireTls, requireCertificate } = options;
  if (version === "none") return undefined;
  return {
    version: version === "1" ? 1 : 2,
    requireTls: proxyRequireTls,
    requireCertificate,
  };
}
