/** What the options of a cluster say, as they stand. */
export interface ClusterSettings {
  /** Addresses of NATS servers; `""`: there is no cluster. */
  readonly servers: string;
  /** The same for all nodes. */
  readonly name: string;
  /** Another one for each node; `""`: the name of the machine. */
  readonly node: string;
  /** NATS servers that have the log. */
  readonly replicas: number;
  /** Bytes of the log. */
  readonly maxLogBytes: number;
  /** Who the node is at the servers; `""`: nobody. */
  readonly username: string;
  /** The file of that user's password. */
  readonly passwordFile: string;
  /** The file of a token. */
  readonly tokenFile: string;
  /** The file of an nkey's seed. */
  readonly nkeyFile: string;
  /** A credentials file. */
  readonly credentialsFile: string;
  /** Authorities of the servers' certificates. */
  readonly caFile: string;
}

/** What holds where nobody sets it. */
export const DEFAULT_CLUSTER_SETTINGS: ClusterSettings = {
  servers: "",
  name: "flux",
  node: "",
  replicas: 1,
  maxLogBytes: 1024 ** 3,
  username: "",
  passwordFile: "",
  tokenFile: "",
  nkeyFile: "",
  credentialsFile: "",
  caFile: "",
};
