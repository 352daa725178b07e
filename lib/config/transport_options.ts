/** What lies between a listener's socket and MQTT, one field for each option. */
export interface TransportOptions {
  /** The protocol that clients speak. */
  readonly protocol: "mqtt" | "websockets" | "http_api";
  /** The file with the server's certificate; `""`: no TLS. */
  readonly certfile: string;
  /** The file with its key. */
  readonly keyfile: string;
  /** The file with the authorities that sign clients' certificates; `""`: none. */
  readonly cafile: string;
  /** A directory of such files; `""`: none. */
  readonly capath: string;
  /** The file with their revocation lists; `""`: none. */
  readonly crlfile: string;
  /** Whether clients must show a certificate. */
  readonly requireCertificate: boolean;
  /** Whether the certificate's Common Name is the client's user name. */
  readonly useIdentityAsUsername: boolean;
  /** Whether the certificate's whole subject is the client's user name. */
  readonly useSubjectAsUsername: boolean;
  /** The oldest version of TLS that clients may speak. */
  readonly tlsVersion: "tlsv1.2" | "tlsv1.3";
  /** Values of `Origin` that may open a WebSocket; empty: all. */
  readonly websocketsOrigins: readonly string[];
  /** The version of the PROXY protocol that connections begin with. */
  readonly enableProxyProtocol: "none" | "1" | "2";
  /** Whether clients must connect to the proxy with TLS. */
  readonly proxyRequireTls: boolean;
}

/** The defaults: MQTT without TLS, WebSockets or a proxy. */
export const DEFAULT_TRANSPORT_OPTIONS: TransportOptions = {
  protocol: "mqtt",
  certfile: "",
  keyfile: "",
  cafile: "",
  capath: "",
  crlfile: "",
  requireCertificate: false,
  useIdentityAsUsername: false,
  useSubjectAsUsername: false,
  tlsVersion: "tlsv1.2",
  websocketsOrigins: [],
  enableProxyProtocol: "none",
  proxyRequireTls: false,
};

/** The port of the TLS listener that `MQTT_TLS_ENABLED` adds. */
export const DEFAULT_TLS_PORT = 8883;
