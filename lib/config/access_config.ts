/** Who may come in at a listener, and do what; every path may be `""`: there is no such file. */
export interface AccessConfig {
  /** Users and hashes of their passwords. */
  readonly passwordFile: string;
  /** Users and their SCRAM-SHA-256 credentials. */
  readonly scramFile: string;
  /** Who may read and write which topics. */
  readonly aclFile: string;
  /** Whether SUBSCRIBE is refused where nothing could ever be read, or granted always. */
  readonly aclSubscribe: "strict" | "mosquitto";
  /** What a Client Identifier must begin with; `""`: anything. */
  readonly clientIdPrefixes: string;
}

/** No files: `allow_anonymous` decides who comes in, and every topic is free. */
export const DEFAULT_ACCESS_CONFIG: AccessConfig = {
  passwordFile: "",
  scramFile: "",
  aclFile: "",
  aclSubscribe: "strict",
  clientIdPrefixes: "",
};
