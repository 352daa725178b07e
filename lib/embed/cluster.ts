import type { ClusterLevel, ClusterOptions, Credentials } from "../cluster/mod.ts";
import type { ClusterPort, LogPort, Store, StoredState } from "../broker/mod.ts";
import { nowMs, type Server, SILENT } from "../net/mod.ts";
import type { OpenedStore } from "../store/mod.ts";

/** How a broker inside a program becomes a node of a cluster. Experimental: see the guide's page on clustering. */
export interface ClusterNodeInit {
  /** Servers of NATS with JetStream: `nats://HOST:PORT` or `tls://HOST:PORT`, separated by commas. */
  readonly servers: string;
  /** This node's name, which no other node of the cluster has: letters, digits, `-` and `_`. */
  readonly node: string;
  /** The cluster's name, the same for all nodes. Default: `flux`. */
  readonly name?: string;
  /** How the node logs in at the servers; as text: what a credentials file, or a file with an nkey's seed, contains. Default: without a name. */
  readonly credentials?: Credentials | string;
  /** Certificates in PEM of authorities that are trusted beside those of the system. */
  readonly caCerts?: readonly string[];
  /** The certificate that the node shows to the servers, with its key, in PEM. Default: none. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  /** How many servers keep the log: 1, 3 or 5. Default: 1. */
  readonly replicas?: number;
  /** Bytes of the log; each time that a quarter of it is full a snapshot is made, and older records are discarded. Default: 1 GiB. */
  readonly maxLogBytes?: number;
  /** Clients with sessions are sent to other nodes when the log was out of reach for so long, seconds; 0: never. Default: 30. */
  readonly isolationTimeoutSeconds?: number;
  /**
   * The directory of the node's store, which is opened, restored and closed with the node. The node makes snapshots of it for others, and
   * takes theirs into it. Default: nothing is stored, and a node that starts again begins with a snapshot, or reads the whole log.
   */
  readonly directory?: string;
  /** `always`: the store survives a power cut. `interval`: a power cut may lose the last second. Default: `always`. */
  readonly durability?: "always" | "interval";
  /**
   * In the place of `directory`: a store of the program's own, and the state that it had, which the program restores itself. Such a node
   * takes no snapshots.
   */
  readonly stored?: { readonly store: Store; readonly state: StoredState };
  /**
   * Called when the log does not reach back any more to what this running node has applied: nothing is applied from then on. Close server
   * and node then, and open them again. Default: the node goes on without what it has missed.
   */
  readonly fellBehind?: () => void;
  /** Ends the waiting for the cluster. */
  readonly signal?: AbortSignal;
  /** Default: nothing is logged. */
  readonly log?: LogPort;
}

/** A node that a program has opened. */
export interface ClusterHandle extends AsyncDisposable {
  /** For the server of this node, and no other: `new Server(cluster.init)`. */
  readonly init: ClusterServerInit;
  /**
   * Restores what the node's directory has, and joins the cluster. Resolves when the server knows everything that was in the log: call it
   * before `listen`, and with a store of the program's own behind `restore`. Waits until a server of NATS can be reached.
   */
  join(server: Server): Promise<void>;
  /** The state of the node. */
  readonly level: ClusterLevel;
  /**
   * A text that all nodes have under this key (letters, digits, `-`, `_`), and that each of them may change. `look` is called where it may
   * have changed. It is closed with the node. Dynamic security is the same at all nodes by `dynamic-security`, which nodes without a program
   * use too: give it to `openControlTopic` as `shared`, and let `look` call the topic's.
   */
  shareText(key: string, look: () => void): Promise<SharedTextHandle>;
  /** Leaves the cluster, and closes the store in `directory`. Close the server first. */
  close(): Promise<void>;
}

/** A text that all nodes of a cluster have. */
export interface SharedTextHandle extends AsyncDisposable {
  /** What all have; `undefined`: nothing yet. Rejects where that cannot be known. */
  read(): Promise<{ readonly text: string; readonly revision: number } | undefined>;
  /** Puts a text there if nobody has written since revision `after` (0: ever), and returns its own; `undefined`: somebody has. */
  write(text: string, after: number): Promise<number | undefined>;
  /** Looks no more. */
  close(): Promise<void>;
}

/** The options of a server that belong to its node. */
export interface ClusterServerInit {
  /** Writes to the log and to the node's own store. */
  readonly store: Store;
  /** The cluster. */
  readonly cluster: ClusterPort;
}

/**
 * Opens a node of a cluster. Its code is loaded only now. Waits until a server of NATS can be reached, unless there is a store of the
 * program's own. Rejects with a `TypeError` that says what is wrong with the options, and with what the store throws.
 */
export async function openCluster(init: ClusterNodeInit): Promise<ClusterHandle> {
  const options = await optionsOf(init);
  const { log = SILENT, stored, fellBehind } = init;
  const { opened, state } = stored === undefined
    ? await begin(init, options)
    : { opened: undefined, state: stored.state };
  const { ClusterNode, hostOf, SharedText, SnapshotMaker } = await import("../cluster/mod.ts");
  const store = opened?.store ?? stored?.store;
  const { position } = state ?? {};
  const node = new ClusterNode({
    options,
    log,
    store,
    position,
    nowMs,
    ...fellBehind === undefined ? {} : { fellBehind },
  });
  let snapshots: { close(): Promise<void> } | undefined;
  const texts: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const text of texts) await text.close();
    await snapshots?.close();
    await node.close();
    await opened?.close();
  };
  return {
    init: { store: node.store, cluster: node.port },
    async join(server) {
      if (stored === undefined && state !== undefined) server.restore(state);
      await node.join(hostOf(server));
      if (opened === undefined) return;
      snapshots = new SnapshotMaker({
        options,
        log,
        store: opened.store,
        position,
        level: () => node.level,
      });
    },
    get level() {
      return node.level;
    },
    shareText(key, look) {
      if (!/^[\w-]+$/.test(key)) {
        const wrong = `Cannot share a text: key must be letters, digits, - and _: "${key}"`;
        return Promise.reject(new TypeError(wrong));
      }
      const text = new SharedText({ options, key, look });
      texts.push(text);
      return Promise.resolve(text);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function optionsOf(init: ClusterNodeInit): Promise<ClusterOptions> {
  const config = await import("../config/mod.ts");
  const settings = { ...config.DEFAULT_CLUSTER_SETTINGS, ...init };
  const { name, replicas, maxLogBytes, isolationTimeoutSeconds } = settings;
  for (const [what, text] of [["name", name], ["node", init.node]] as const) {
    if (config.isClusterName(text)) continue;
    throw new TypeError(`Cannot open a node: ${what} must be letters, digits, - and _: "${text}"`);
  }
  if (![1, 3, 5].includes(replicas)) {
    throw new TypeError(`Cannot open a node: replicas must be 1, 3 or 5: ${replicas}`);
  }
  if (init.directory !== undefined && init.stored !== undefined) {
    throw new TypeError("Cannot open a node: it has a directory or a store of its own, not both");
  }
  return {
    places: config.parseNatsPlaces(init.servers),
    credentials: await credentialsOf(init.credentials),
    caCerts: init.caCerts ?? [],
    clientCertificate: init.clientCertificate,
    name,
    node: init.node,
    replicas,
    maxLogBytes,
    isolationTimeoutMs: isolationTimeoutSeconds * 1000,
  };
}

async function credentialsOf(given: Credentials | string | undefined): Promise<Credentials> {
  if (typeof given !== "string") return given ?? { kind: "none" };
  const { parseCredentialsFile, parseSeedFile } = await import("../cluster/mod.ts");
  return given.includes("BEGIN NATS USER JWT") ? parseCredentialsFile(given) : parseSeedFile(given);
}

/** Opens the store, if there is to be one, with what the cluster's snapshot has. */
async function begin(
  { directory, durability = "always", log = SILENT, signal }: ClusterNodeInit,
  options: ClusterOptions,
) {
  const [stores, { beginWithSnapshot }] = await Promise.all([
    import("../store/mod.ts"),
    import("../cluster/mod.ts"),
  ]);
  const { openStore, SYSTEM_CLOCK, snapshotPath, takeSnapshot, readSnapshot } = stores;
  const open = (): OpenedStore | undefined => {
    if (directory === undefined) return undefined;
    // Times in the store are the broker's, so both use the same clock.
    return openStore({ directory, durability, log, clock: { ...SYSTEM_CLOCK, date: nowMs } });
  };
  return await beginWithSnapshot(options, log, {
    open,
    directory: directory ?? "",
    path: snapshotPath,
    take: takeSnapshot,
    read: readSnapshot,
    signal,
  });
}
