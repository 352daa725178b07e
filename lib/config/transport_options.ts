/** What lies between a listener's socket and MQTT, as the table's rows name it. */
export interface TransportOptions {
  /** What the clients speak. */
  readonly protocol: "mqtt" | "websockets" | "http_api";
  /** The server's certificate; `""`: no TLS. */
  readonly certfile: string;
  /** Its key. */
  readonly keyfile: string;
  /** Who may have signed clients' certificates; `""`: nobody of a file. */
  readonly cafile: string;
  /** The same, a directory. */
  readonly capath: string;
  /** What these have revoked; `""`: nothing. */
  readonly crlfile: string;
  /** Whether clients must show a certificate. */
  readonly requireCertificate: boolean;
  /** Whether its Common Name is the client's user name. */
  readonly useIdentityAsUsername: boolean;
  /** Whether its whole subject is. */
  readonly useSubjectAsUsername: boolean;
  /** The oldest version of TLS. */
  readonly tlsVersion: "tlsv1.2" | "tlsv1.3";
  /** Values of `Origin` that may open a WebSocket; empty: all. */
  readonly websocketsOrigins: readonly string[];
  /** The version of the PROXY protocol that connections begin with. */
  readonly enableProxyProtocol: "none" | "1" | "2";
  /** Whether a client must have come to that proxy with TLS. */
  readonly proxyRequireTls: boolean;
  /** Host names under which the page is called, beside those of this machine alone. */
  readonly httpHosts: readonly string[];
  /** Users of the password_file who may change something. */
  readonly httpAdmins: readonly string[];
  /** Users of the password_file who may look. */
  readonly httpViewers: readonly string[];
  /** Tokens for programs; `""`: none. */
  readonly httpTokenFile: string;
}

/** The defaults: MQTT on a bare stream. */
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
  httpHosts: [],
  httpAdmins: [],
  httpViewers: [],
  httpTokenFile: "",
};

/** The port of the TLS listener that `MQTT_TLS_ENABLED` adds. */
export const DEFAULT_TLS_PORT = 8883;
