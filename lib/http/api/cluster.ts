import type { ClusterLevel } from "../../observe/mod.ts";
import { json } from "../answers.ts";
import type { ApiRequest, Route } from "../route.ts";
import { flag, list, object, text, whole } from "../schema.ts";

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
      sequence: whole("The last record of the log that this node has applied"),
      behind: whole("How many records fewer than the most advanced node"),
      waiting: whole("This node's own records that it has not applied yet"),
      messages: whole("Messages of the log that this node has applied since its start"),
      nodes: list(object({
        node: text("Its name"),
        sequence: whole("The last record that it has applied"),
        waiting: whole("Its own records that it has not applied yet"),
        clients: whole("Connected clients"),
        sessions: whole("Its sessions, copies of other nodes' sessions included"),
        own: whole("Sessions that belong to it, of those that outlive their connections"),
      })),
    })),
  }),
  handle: showCluster,
}];

function showCluster({ context: { levels } }: ApiRequest): Response {
  const { cluster } = levels();
  return json({ items: cluster === undefined ? [] : [view(cluster)] });
}

function view(cluster: ClusterLevel) {
  const { name, node, isReady, sequence, behind, waiting, messages, nodes } = cluster;
  return {
    name,
    node,
    isReady,
    sequence,
    behind,
    waiting,
    messages,
    nodes: nodes.map((one) => ({
      node: one.node,
      sequence: one.sequence,
      waiting: one.waiting,
      clients: one.clients,
      sessions: one.sessions,
      own: one.own,
    })),
  };
}
