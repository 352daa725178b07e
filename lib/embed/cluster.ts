import type { ClusterLevel, Credentials } from "../cluster/mod.ts";
import type { ClusterPort, LogPort, Store, StoredState } from "../broker/mod.ts";
import { nowMs, type Server, SILENT } from "../net/mod.ts";

/** How a broker inside a program becomes a node of a cluster. Experimental: see the guide's page on clustering. */
export interface ClusterNodeInit {
  /** Servers of NATS with JetStream: `nats://HOST:PORT` or `tls://HOST:PORT`, separated by commas. */
  readonly servers: string;
  /** This node's name, which no other node of the cluster has: letters, digits, `-` and `_`. */
  readonly node: string;
  /** The cluster's name, the same for all nodes. Default: `flux`. */
  readonly name?: string;
  /** How the node logs in at the servers. Default: without a name. */
  readonly credentials?: Credentials;
  /** Certificates in PEM of authorities that are trusted beside those of the system. */
  readonly caCerts?: readonly string[];
  /** How many servers keep the log: 1, 3 or 5. Default: 1. */
  readonly replicas?: number;
  /** Bytes of the log; older records are discarded. Default: 1 GiB. */
  readonly maxLogBytes?: number;
  /** Clients with sessions are sent to other nodes when the log was out of reach for so long, seconds; 0: never. Default: 30. */
  readonly isolationTimeoutSeconds?: number;
  /** The node's own store, and the state that it had. Default: a node that starts again reads the whole log. */
  readonly stored?: { readonly store: Store; readonly state: StoredState };
  /** Default: nothing is logged. */
  readonly log?: LogPort;
}

/** A node that a program has opened. */
export interface ClusterHandle extends AsyncDisposable {
  /** For the server of this node, and no other: `new Server(cluster.init)`. */
  readonly init: ClusterServerInit;
  /**
   * Joins the cluster. Resolves when the server knows everything that was in the log: call it before `listen`, and behind `restore`. Waits
   * until a server of NATS can be reached.
   */
  join(server: Server): Promise<void>;
  /** The state of the node. */
  readonly level: ClusterLevel;
  /** Leaves the cluster. Close the server first. */
  close(): Promise<void>;
}

/** The options of a server that belong to its node. */
export interface ClusterServerInit {
  /** Writes to the log and to the node's own store. */
  readonly store: Store;
  /** The cluster. */
  readonly cluster: ClusterPort;
}

/** Opens a node of a cluster. Its code is loaded only now. Rejects with a `TypeError` that says what is wrong with the options. */
export async function openCluster(init: ClusterNodeInit): Promise<ClusterHandle> {
  const [config, { ClusterNode, hostOf }] = await Promise.all([
    import("../config/mod.ts"),
    import("../cluster/mod.ts"),
  ]);
  const settings = { ...config.DEFAULT_CLUSTER_SETTINGS, ...init };
  const { name, replicas, maxLogBytes, isolationTimeoutSeconds, stored, log = SILENT } = settings;
  for (const [what, text] of [["name", name], ["node", init.node]] as const) {
    if (config.isClusterName(text)) continue;
    throw new TypeError(`Cannot open a node: ${what} must be letters, digits, - and _: "${text}"`);
  }
  if (![1, 3, 5].includes(replicas)) {
    throw new TypeError(`Cannot open a node: replicas must be 1, 3 or 5: ${replicas}`);
  }
  const options = {
    places: config.parseNatsPlaces(init.servers),
    credentials: init.credentials ?? { kind: "none" } as const,
    caCerts: init.caCerts ?? [],
    name,
    node: init.node,
    replicas,
    maxLogBytes,
    isolationTimeoutMs: isolationTimeoutSeconds * 1000,
  };
  const { store, state } = stored ?? {};
  const node = new ClusterNode({ options, log, store, position: state?.position, nowMs });
  const close = () => node.close();
  return {
    init: { store: node.store, cluster: node.port },
    join: (server) => node.join(hostOf(server)),
    get level() {
      return node.level;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
