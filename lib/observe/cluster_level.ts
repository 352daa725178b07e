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
  /** Client Identifiers of the bridges that it has; absent: none. */
  readonly bridges?: readonly string[];
  /** Those of the bridges that it may have; absent: none. */
  readonly mayHave?: readonly string[];
  /** Others of its configuration; absent: none. */
  readonly known?: readonly string[];
}

/** A bridge of a cluster. */
export interface ClusterBridge {
  /** The Client Identifier of its session. */
  readonly clientId: string;
  /** The node that has it; `""`: none. */
  readonly node: string;
}

/** The bridges that the nodes have or know, by name. */
export function clusterBridges(
  nodes: readonly Pick<ClusterMember, "node" | "bridges" | "mayHave" | "known">[],
): readonly ClusterBridge[] {
  const found = new Map<string, string>();
  for (const { mayHave = [], known = [] } of nodes) {
    for (const clientId of [...mayHave, ...known]) found.set(clientId, "");
  }
  for (const { node, bridges = [] } of nodes) {
    for (const clientId of bridges) found.set(clientId, node);
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([clientId, node]) => ({ clientId, node }));
}

/** The log of a cluster as the NATS servers describe it. */
export interface ClusterLog {
  /** The number of the last record that it was given. */
  readonly lastSequence: number;
  /** How many records it has now. */
  readonly records: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** The server that leads; `""`: none, or there is only one. */
  readonly leader: string;
  /** The last snapshot: the last record that is in it, its size, and the node that has made it; absent: there is none yet. */
  readonly snapshot?: {
    readonly sequence: number;
    readonly sizeBytes: number;
    readonly node: string;
  };
}

/** The cluster as one of its nodes sees it. */
export interface ClusterLevel {
  /** The cluster's name. */
  readonly name: string;
  /** This node's name. */
  readonly node: string;
  /** Whether a NATS server has let it in. */
  readonly isConnected: boolean;
  /** That server; `""`: none has. */
  readonly server: string;
  /** The log; absent: nothing is known of it. */
  readonly log?: ClusterLog;
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
  /** How often the log has had less than this node had applied: the servers have lost acknowledged data. */
  readonly losses: number;
  /** Nodes that were heard lately, this one included. */
  readonly nodes: readonly ClusterMember[];
}

/** The metrics of the cluster. */
export function* clusterFamilies(level: ClusterLevel): Generator<MetricFamily> {
  const { isReady, isConnected, sequence, behind, waiting, messages, nodes, log } = level;
  yield one("ready", "gauge", "1: the node reaches the cluster's log", isReady ? 1 : 0);
  yield one("nats_connected", "gauge", "1: a NATS server is connected", isConnected ? 1 : 0);
  yield one("nodes", "gauge", "Nodes of the cluster that were heard lately", nodes.length);
  yield one("log_sequence", "gauge", "The last record of the log that is applied", sequence);
  yield one("log_behind_records", "gauge", "Records that another node has applied already", behind);
  yield one("log_waiting_records", "gauge", "Own records that are not applied yet", waiting);
  const lost = "Times that the log had less than this node had applied";
  yield one("log_losses", "counter", lost, level.losses);
  yield one("log_messages", "counter", "Messages of the log that were applied", messages);
  yield* nodeFamilies(level);
  if (log !== undefined) yield* logFamilies(log);
}

/** How many records a node lacks of those that the log is known to have. */
export function behindOf(member: ClusterMember, { log, sequence, nodes }: ClusterLevel): number {
  const most = Math.max(log?.lastSequence ?? 0, sequence, ...nodes.map((node) => node.sequence));
  return most - member.sequence;
}

function* nodeFamilies(level: ClusterLevel): Generator<MetricFamily> {
  const each = (read: (member: ClusterMember) => number) =>
    level.nodes.map((member) => [{ node: member.node }, read(member)] as const);
  yield family(
    "node_behind_records",
    "gauge",
    "Records of the log that a node has not applied",
    each((member) => behindOf(member, level)),
  );
  yield family("node_clients", "gauge", "Connected clients of a node", each((of) => of.clients));
  yield family(
    "node_sessions",
    "gauge",
    "Sessions that belong to a node",
    each(({ own }) => own),
  );
}

function* logFamilies(log: ClusterLog): Generator<MetricFamily> {
  const { lastSequence, records, bytes, leader, snapshot } = log;
  yield one("log_last_sequence", "gauge", "The last record that the log was given", lastSequence);
  yield one("log_records", "gauge", "Records that the log has", records);
  yield one("log_bytes", "gauge", "Bytes of the records that the log has", bytes);
  if (leader !== "") {
    const help = "1: the NATS server that leads the log";
    yield family("log_leader", "gauge", help, [[{ server: leader }, 1]]);
  }
  if (snapshot === undefined) return;
  const help = "The last record of the log that is in the last snapshot";
  yield one("snapshot_sequence", "gauge", help, snapshot.sequence);
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
