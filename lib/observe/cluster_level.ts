import type { MetricFamily, Sample } from "./exposition.ts";

/** A node of the cluster as it described itself last. */
export interface ClusterMember {
  /** The node's name. */
  readonly node: string;
  /** The last record of the log that it has applied. */
  readonly sequence: number;
  /** Its own records that it has not applied yet. */
  readonly waiting: number;
  /** Connected clients. */
  readonly clients: number;
  /** Its sessions, copies of other nodes' sessions included. */
  readonly sessions: number;
  /** Sessions that belong to it, of those that outlive their connections. */
  readonly own: number;
}

/** The cluster as one of its nodes sees it. */
export interface ClusterLevel {
  /** The cluster's name. */
  readonly name: string;
  /** This node's name. */
  readonly node: string;
  /** Whether the node takes part: it reaches the log and has applied what there was when it started. */
  readonly isReady: boolean;
  /** The last record of the log that this node has applied. */
  readonly sequence: number;
  /** How many records fewer than the most advanced node. */
  readonly behind: number;
  /** This node's own records that it has not applied yet. */
  readonly waiting: number;
  /** Messages of the log that this node has applied since its start. */
  readonly messages: number;
  /** Nodes that were heard lately, this one included. */
  readonly nodes: readonly ClusterMember[];
}

/** The metrics of the cluster. */
export function* clusterFamilies(level: ClusterLevel): Generator<MetricFamily> {
  const { isReady, sequence, behind, waiting, messages, nodes } = level;
  yield one("ready", "gauge", "1: the node reaches the cluster's log", isReady ? 1 : 0);
  yield one("nodes", "gauge", "Nodes of the cluster that were heard lately", nodes.length);
  yield one("log_sequence", "gauge", "The last record of the log that is applied", sequence);
  yield one("log_behind_records", "gauge", "Records that another node has applied already", behind);
  yield one("log_waiting_records", "gauge", "Own records that are not applied yet", waiting);
  yield one("log_messages", "counter", "Messages of the log that were applied", messages);
  yield family(
    "node_sessions",
    "gauge",
    "Sessions that belong to a node",
    nodes.map(({ node, own }) => [{ node }, own]),
  );
}

function one(name: string, type: "gauge" | "counter", help: string, value: number): MetricFamily {
  return family(name, type, help, [[{}, value]]);
}

function family(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly Sample[],
): MetricFamily {
  return { name: `fluxmqtt_cluster_${name}`, type, help, samples };
}
