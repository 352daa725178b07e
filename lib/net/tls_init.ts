/** The PEM files of a TLS listener, and its options. */
export interface TlsInit {
  /** The server's certificate, with intermediate certificates. */
  readonly certfile: string;
  /** Its private key, not encrypted. */
  readonly keyfile: string;
  /**
   * Certificates of the authorities that may sign client certificates, and intermediate certificates of the server's chain. Default: none.
   */
  readonly cafile?: string;
  /** A directory of such files. */
  readonly capath?: string;
  /** Certificate Revocation Lists for client certificates. */
  readonly crlfile?: string;
  /** Whether clients must send a certificate signed by one of these authorities. Default: they are not asked for one. */
  readonly requireCertificate?: boolean;
  /** Milliseconds between checks of the files. Default: 3000. */
  readonly watchMs?: number;
  /** Protocols accepted by ALPN. Default: `mqtt`. A listener for WebSockets accepts `http/1.1`, which browsers offer. */
  readonly alpnProtocols?: readonly string[];
  /** The oldest version of TLS. Default: 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}
