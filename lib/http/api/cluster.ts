import { behindOf, clusterBridges, type ClusterLevel, type ClusterLog } from "../../observe/mod.ts";
import { json } from "../answers.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, list, object, type Schema, text, whole } from "../schema.ts";

/** Operations on the cluster. */
export const CLUSTER_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/api/v1/cluster",
  role: "viewer",
  summary: "The cluster as this node sees it; no item if the broker is not a node of one",
  answer: object({
    items: list(object({
      name: text("The cluster's name"),
      node: text("This node's name"),
      isReady: flag("Whether the node takes part: it reaches the log"),
      isConnected: flag("Whether a NATS server has let it in"),
      server: text("That server; empty: none has"),
      sequence: whole("The last record of the log that this node has applied"),
      behind: whole("How many records fewer than the most advanced node"),
      waiting: whole("This node's own records that it has not applied yet"),
      messages: whole("Messages of the log that this node has applied since its start"),
      losses: whole("How often the log has had less than this node had applied"),
      log: orNull(
        "The log as the NATS servers described it some seconds ago; null: they are not reached",
        object({
          lastSequence: whole("The last record that it was given"),
          records: whole("Records that it has"),
          bytes: whole("Bytes of these"),
          leader: text("The NATS server that leads it; empty: none, or there is only one"),
        }),
      ),
      snapshot: orNull(
        "The last snapshot; null: there is none, or the NATS servers are not reached",
        object({
          sequence: whole("The last record of the log that is in it"),
          sizeBytes: whole("Its size"),
          node: text("The node that has made it"),
        }),
      ),
      nodes: list(object({
        node: text("Its name"),
        sequence: whole("The last record that it has applied"),
        behind: whole("How many records of the log it has not applied yet"),
        waiting: whole("Its own records that it has not applied yet"),
        clients: whole("Connected clients"),
        sessions: whole("Its sessions, copies of other nodes' sessions included"),
        own: whole("Sessions that belong to it, of those that outlive their connections"),
      })),
      bridges: list(object({
        clientId: text("The session of a bridge that any node may have, or one of some"),
        node: text("The node that has it; empty: none at present"),
      })),
    })),
  }),
  handle: showCluster,
}];

function orNull(description: string, schema: Schema): Schema {
  return { description, anyOf: [schema, { type: "null" }] };
}

function showCluster({ context: { levels } }: ApiRequest): Response {
  const { cluster } = levels();
  return json({ items: cluster === undefined ? [] : [view(cluster)] });
}

function view(cluster: ClusterLevel) {
  const { name, node, isReady, isConnected, server } = cluster;
  const { sequence, behind, waiting, messages, losses, log, nodes } = cluster;
  return {
    name,
    node,
    isReady,
    isConnected,
    server,
    sequence,
    behind,
    waiting,
    messages,
    losses,
    log: log === undefined ? null : logView(log),
    snapshot: log?.snapshot === undefined ? null : snapshotView(log.snapshot),
    nodes: nodes.map((one) => ({
      node: one.node,
      sequence: one.sequence,
      behind: behindOf(one, cluster),
      waiting: one.waiting,
      clients: one.clients,
      sessions: one.sessions,
      own: one.own,
    })),
    bridges: clusterBridges(nodes),
  };
}

function logView({ lastSequence, records, bytes, leader }: ClusterLog) {
  return { lastSequence, records, bytes, leader };
}

function snapshotView({ sequence, sizeBytes, node }: NonNullable<ClusterLog["snapshot"]>) {
  return { sequence, sizeBytes, node };
}
