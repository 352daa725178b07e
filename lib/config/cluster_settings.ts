/** The values of the `cluster` options. */
export interface ClusterSettings {
  /** Addresses of NATS servers; `""`: there is no cluster. */
  readonly servers: string;
  /** The cluster's name, the same for all nodes. */
  readonly name: string;
  /** This node's name, which no other node has; `""`: the machine's name. */
  readonly node: string;
  /** How many NATS servers keep the log. */
  readonly replicas: number;
  /** The largest size of the log. */
  readonly maxLogBytes: number;
  /** How long clients with sessions stay while the log is out of reach; 0: as long as they like. */
  readonly isolationTimeoutSeconds: number;
  /** The user name at the NATS servers; `""`: none. */
  readonly username: string;
  /** The file with that user's password. */
  readonly passwordFile: string;
  /** The file with a token. */
  readonly tokenFile: string;
  /** The file with an nkey's seed. */
  readonly nkeyFile: string;
  /** A credentials file of NATS. */
  readonly credentialsFile: string;
  /** The file with the authorities that sign the servers' certificates. */
  readonly caFile: string;
  /** The file with the certificate that the node shows to the servers; `""`: none. */
  readonly certFile: string;
  /** The file with its key. */
  readonly keyFile: string;
}

/** The defaults. */
export const DEFAULT_CLUSTER_SETTINGS: ClusterSettings = {
  servers: "",
  name: "flux",
  node: "",
  replicas: 1,
  maxLogBytes: 1024 ** 3,
  isolationTimeoutSeconds: 30,
  username: "",
  passwordFile: "",
  tokenFile: "",
  nkeyFile: "",
  credentialsFile: "",
  caFile: "",
  certFile: "",
  keyFile: "",
};
