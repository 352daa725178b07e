import type { Broker } from "../broker/mod.ts";
import type { ClusterHost } from "./cluster_node.ts";

/** A broker on the network that is to be a node; each function is a turn, or joins one. */
export interface ClusteredServer extends
  Pick<
    ClusterHost,
    "applyShared" | "applyClaim" | "applySession" | "ofSessions" | "isolate" | "deliverForwarded"
  > {
  /** Its core. */
  readonly broker: Broker;
}

/** The host that a node needs, for a broker on the network. */
export function hostOf(server: ClusteredServer): ClusterHost {
  const { broker } = server;
  return {
    applyShared: (shared) => server.applyShared(shared),
    applyClaim: (claim) => server.applyClaim(claim),
    applySession: (...change) => server.applySession(...change),
    ofSessions: (act, clientIds) => server.ofSessions(act, clientIds),
    isolate: () => server.isolate(),
    firstPending: (clientId) => broker.fromCluster.firstPending(clientId),
    subscriptionsOf: (clientId) =>
      broker.clients.get(clientId)?.session.subscriptions.values() ?? [],
    deliverForwarded: (message) => server.deliverForwarded(message),
    clusterChanged: (event) => broker.fromCluster.changed(event),
    get counts() {
      return { clients: broker.levels.connectedCount, sessions: broker.clients.size };
    },
  };
}
