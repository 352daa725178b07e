import type { Broker, FromCluster } from "../broker/mod.ts";
import type { ClusterHost } from "./node_init.ts";

/** A broker on the network that is to be a node. */
export interface ClusteredServer {
  /** Its core. */
  readonly broker: Broker;
  /** The core's entrance for the cluster, in the turn that is open or in a new one. */
  clusterTurn(): FromCluster;
}

/** The host that a node needs, for a broker on the network. */
export function hostOf(server: ClusteredServer): ClusterHost {
  const { broker } = server;
  return {
    turn: () => server.clusterTurn(),
    firstPending: (clientId) => broker.fromCluster.firstPending(clientId),
    get shares() {
      return broker.fromCluster.shares;
    },
    shareMembers: (share) => broker.fromCluster.shareMembers(share),
    sharePending: (share) => broker.fromCluster.sharePending(share),
    subscriptionsOf: (clientId) =>
      broker.clients.get(clientId)?.session.subscriptions.values() ?? [],
    clusterChanged: (event) => broker.fromCluster.changed(event),
    get counts() {
      return { clients: broker.levels.connectedCount, sessions: broker.clients.size };
    },
  };
}
