import { ArenaMessage } from "../../../lib/broker/ground/payload_arena.ts";
import type { SavedShares } from "../../../lib/cluster/share_table.ts";
import type { InFlight } from "../../../lib/broker/mod.ts";
import type { ClusterSimNode } from "./node.ts";

/** Where something may be retained. */
export const RETAINED_TOPICS = ["r/0", "r/1", "r/2"] as const;

/** What must be the same on all nodes that have come to the same record. */
export interface State {
  /** The node of each session. */
  readonly homes: ReadonlyMap<string, string>;
  readonly retained: string;
  /** What each has to deliver to shared subscriptions. */
  readonly shared: string;
  /** How many members of shared subscriptions each node has. */
  readonly members: string;
}

/** What a node says of it. */
export function stateOf({ cluster, broker, store }: ClusterSimNode): State {
  const retained = RETAINED_TOPICS.map((topicName) => {
    const message = broker.core.retained.get(topicName);
    return `${topicName} = ${
      message instanceof ArenaMessage ? new TextDecoder().decode(message.payload) : ""
    }`;
  });
  const shared = cluster.shared.map(({ node, share, message }) =>
    `${node} ${share} ${message.logId}`
  );
  return {
    homes: new Map(cluster.homes),
    retained: retained.join(", "),
    shared: shared.join(", "),
    members: membersOf(store.position),
  };
}

/** What is stored of it. */
function membersOf(position: string): string {
  if (position === "") return "";
  const { shares }: { readonly shares?: SavedShares } = JSON.parse(position);
  return (shares?.groups ?? []).map(([share, rows]) =>
    `${share}: ${rows.map((row) => row.join(" ")).sort().join(", ")}`
  ).sort().join("; ");
}

/** Where two states differ; `undefined`: nowhere. A node need not know whose a session is that has ended, and is to begin anew. */
export function difference(one: State, other: State): string | undefined {
  if (one.retained !== other.retained) return `${one.retained} and ${other.retained}`;
  if (one.shared !== other.shared) return `to deliver ${one.shared} and ${other.shared}`;
  if (one.members !== other.members) return `members ${one.members} and ${other.members}`;
  for (const [clientId, home] of one.homes) {
    const there = other.homes.get(clientId);
    if (there !== undefined && there !== home) return `${clientId} is at ${home} and at ${there}`;
  }
  return undefined;
}

/** What must be the same on all nodes when all has come to rest. */
export function restOf({ broker }: ClusterSimNode): string {
  const lines: string[] = [];
  for (const { session } of broker.clients.values()) {
    if (session.expirySeconds === 0) continue;
    const { clientId, subscriptions, sender, receiver, queue, expirySeconds } = session;
    const subs = [...subscriptions.values()].map(({ topicFilter, qos }) => `${topicFilter} ${qos}`);
    // An exchange that a node began just before it was killed nobody knows of: it ends where the client comes there.
    const isKnown = ({ state, delivery: { share, message } }: InFlight) =>
      state === "published" || share === undefined && (message.logId ?? 0) > 0;
    const inFlight = [...sender.values()].filter(isKnown).map(({ packetId, state, delivery }) =>
      `${packetId} ${state} ${new TextDecoder().decode(delivery.message.payload)}`
    );
    const received = [...receiver.values()];
    const parts = [subs.sort(), inFlight, [queue.length], received.sort(), [expirySeconds]];
    lines.push(`${clientId}: ${parts.map((part) => part.join(", ")).join(" | ")}`);
  }
  return lines.sort().join("\n");
}
