import type { StoredState } from "../broker/mod.ts";
import type { ClusterNode, ClusterOptions } from "../cluster/mod.ts";
import type { ClusterConfig, Config } from "../config/mod.ts";
import { nowMs, type Server } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { type OpenedStore, readSnapshot, snapshotPath, takeSnapshot } from "../store/mod.ts";
import { clusterOptions } from "./cluster_options.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** What a broker begins with. */
export interface Beginning {
  /** `undefined`: nothing is stored. */
  readonly opened: OpenedStore | undefined;
  /** `undefined`: there is none. */
  readonly state: StoredState | undefined;
}

/** This broker's node. */
export interface NodeOfCluster {
  readonly node: ClusterNode;
  readonly options: ClusterOptions;
}

/**
 * Opens the store with what the cluster's snapshot has, if this node is new, or was away for longer than the log reaches back. Waits for the
 * cluster. Throws a `StartError`.
 */
export async function beginWithSnapshot(
  config: Config & { readonly cluster: ClusterConfig },
  log: Logger,
  open: () => OpenedStore | undefined,
): Promise<Beginning> {
  const opened = open();
  const options = await clusterOptions(config.cluster);
  const directory = opened === undefined ? temporary(log) : config.persistenceLocation;
  if (directory === undefined) return { opened, state: undefined };
  const path = snapshotPath(directory);
  try {
    const { readSnapshotOf } = await import("../cluster/mod.ts");
    const { position } = opened?.state ?? {};
    const view = await readSnapshotOf({ options, log, position, path });
    if (view === undefined) return { opened, state: opened?.state };
    if (opened === undefined) return { opened, state: readSnapshot(path) };
    await opened.close();
    const { sessions, messages, retained } = takeSnapshot(path, directory);
    log.info("The cluster's snapshot is in the store", { sessions, messages, retained });
  } catch (error) {
    await opened?.close();
    throw new StartError(EXIT.failed, `Cannot take the cluster's snapshot: ${messageOf(error)}`);
  } finally {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) remove(path + suffix);
    if (opened === undefined) remove(directory);
  }
  const again = open();
  return { opened: again, state: again?.state };
}

/** Makes this broker's node of the cluster; `undefined`: none is configured, and the room is not loaded. Throws a `StartError`. */
export async function openCluster(
  { cluster }: Config,
  log: Logger,
  { opened, state }: Beginning,
  fellBehind: () => void,
): Promise<NodeOfCluster | undefined> {
  if (cluster === undefined) return undefined;
  const options = await clusterOptions(cluster);
  const { ClusterNode } = await import("../cluster/mod.ts");
  log.info("The broker is a node of a cluster", { cluster: options.name, node: options.node });
  const { position } = state ?? {};
  const store = opened?.store;
  return {
    node: new ClusterNode({ options, log, store, position, nowMs, fellBehind }),
    options,
  };
}

/** Joins the cluster, if the broker is a node of one. */
export async function joinCluster(
  cluster: NodeOfCluster | undefined,
  server: Server,
): Promise<void> {
  if (cluster === undefined) return;
  const { hostOf } = await import("../cluster/mod.ts");
  await cluster.node.join(hostOf(server));
}

/** Makes snapshots of the cluster from now on, if there is something to make them of; the returned function ends that. */
export async function makeSnapshots(
  cluster: NodeOfCluster | undefined,
  opened: OpenedStore | undefined,
  log: Logger,
): Promise<() => Promise<void>> {
  if (cluster === undefined || opened === undefined) return () => Promise.resolve();
  const { SnapshotMaker } = await import("../cluster/mod.ts");
  const { node, options } = cluster;
  const maker = new SnapshotMaker({ options, log, store: opened.store, level: () => node.level });
  return () => maker.close();
}

/** For a snapshot that a node without a store reads; `undefined`: there is no room for it. */
function temporary(log: Logger): string | undefined {
  try {
    return Deno.makeTempDirSync({ prefix: "flux-mqtt-" });
  } catch (error) {
    const reason = messageOf(error);
    log.warning("A snapshot of the cluster cannot be read without a directory for it", { reason });
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not there.
  }
}
