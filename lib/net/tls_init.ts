/** What a TLS listener is made of: paths of PEM files. */
export interface TlsInit {
  /** The server's certificate, and those between it and the root. */
  readonly certfile: string;
  /** Its key, not encrypted. */
  readonly keyfile: string;
  /** Certificates of who may sign those of clients, and those between the server's and its root; default: none. */
  readonly cafile?: string;
  /** A directory of such files. */
  readonly capath?: string;
  /** Certificate Revocation Lists for those of clients. */
  readonly crlfile?: string;
  /** Whether clients must show a certificate that one of these signed. Default: they are not asked for one. */
  readonly requireCertificate?: boolean;
  /** Milliseconds between looks at the files. Default: 3000. */
  readonly watchMs?: number;
  /** What is agreed to with clients that use ALPN; default: `mqtt`. A listener for WebSockets takes `http/1.1`, which browsers offer. */
  readonly alpnProtocols?: readonly string[];
  /** The oldest version of TLS. Default: 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}
