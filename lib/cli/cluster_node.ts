import type { Beginning, ClusterNode, ClusterOptions, SharedText } from "../cluster/mod.ts";
import type { Config } from "../config/mod.ts";
import { nowMs, type Server } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { type OpenedStore, readSnapshot, snapshotPath, takeSnapshot } from "../store/mod.ts";
import { clusterOptions, type ConfigOfNode, isOfNode } from "./cluster_options.ts";
import { EXIT, messageOf } from "./output.ts";
import { StartError } from "./start_error.ts";

/** This broker's node. */
export interface NodeOfCluster {
  readonly node: ClusterNode;
  readonly options: ClusterOptions;
}

/**
 * Opens the store with what the cluster's snapshot has, if this node is new, or was away for longer than the log reaches back. Waits for the
 * cluster. Throws a `StartError`.
 */
export async function beginInCluster(
  config: ConfigOfNode,
  log: Logger,
  open: () => OpenedStore | undefined,
): Promise<Beginning<OpenedStore>> {
  const options = await clusterOptions(config);
  const { beginWithSnapshot } = await import("../cluster/mod.ts");
  const directory = config.persistenceLocation;
  const stores = { open, directory, path: snapshotPath, take: takeSnapshot, read: readSnapshot };
  try {
    return await beginWithSnapshot(options, log, stores);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(EXIT.failed, `Cannot take the cluster's snapshot: ${messageOf(error)}`);
  }
}

/** Makes this broker's node of the cluster; `undefined`: none is configured, and the room is not loaded. Throws a `StartError`. */
export async function openCluster(
  config: Config,
  log: Logger,
  { opened, state }: Beginning<OpenedStore>,
  fellBehind: () => void,
  losses: number,
): Promise<NodeOfCluster | undefined> {
  if (!isOfNode(config)) return undefined;
  const options = await clusterOptions(config);
  const { ClusterNode } = await import("../cluster/mod.ts");
  log.info("The broker is a node of a cluster", { cluster: options.name, node: options.node });
  const { position } = state ?? {};
  const store = opened?.store;
  return {
    node: new ClusterNode({ options, log, store, position, nowMs, fellBehind, losses }),
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
  const { store, state: { position } } = opened;
  const maker = new SnapshotMaker({ options, log, store, position, level: () => node.level });
  return () => maker.close();
}

/** A text that all nodes of the cluster have under this key; `undefined`: the broker is no node. `look` is called where it may have changed. */
export async function shareText(
  cluster: NodeOfCluster | undefined,
  key: string,
  look: () => void,
): Promise<SharedText | undefined> {
  if (cluster === undefined) return undefined;
  const { SharedText } = await import("../cluster/mod.ts");
  return new SharedText({ options: cluster.options, key, look });
}
