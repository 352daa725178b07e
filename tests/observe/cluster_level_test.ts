import { deepEqual } from "node:assert/strict";
import { clusterFamilies } from "../../lib/observe/cluster_level.ts";

Deno.test("the metrics of a cluster say how far the node is, and whose the sessions are", () => {
  const node = { sequence: 7, waiting: 1, clients: 2, sessions: 3 };
  const families = clusterFamilies({
    name: "flux",
    node: "a",
    isReady: false,
    isConnected: true,
    server: "nats://127.0.0.1:4222",
    log: {
      lastSequence: 9,
      records: 4,
      bytes: 400,
      leader: "n1",
      snapshot: { sequence: 5, sizeBytes: 1000, node: "b" },
    },
    sequence: 7,
    behind: 2,
    waiting: 1,
    messages: 5,
    losses: 3,
    nodes: [{ node: "a", ...node, own: 1 }, { node: "b", ...node, own: 4 }],
  });
  deepEqual(
    [...families].map((family) => [
      family.name.slice("fluxmqtt_cluster_".length),
      "samples" in family ? family.samples : [],
    ]),
    [
      ["ready", [[{}, 0]]],
      ["nats_connected", [[{}, 1]]],
      ["nodes", [[{}, 2]]],
      ["log_sequence", [[{}, 7]]],
      ["log_behind_records", [[{}, 2]]],
      ["log_waiting_records", [[{}, 1]]],
      ["log_losses", [[{}, 3]]],
      ["log_messages", [[{}, 5]]],
      ["node_behind_records", [[{ node: "a" }, 2], [{ node: "b" }, 2]]],
      ["node_clients", [[{ node: "a" }, 2], [{ node: "b" }, 2]]],
      ["node_sessions", [[{ node: "a" }, 1], [{ node: "b" }, 4]]],
      ["log_last_sequence", [[{}, 9]]],
      ["log_records", [[{}, 4]]],
      ["log_bytes", [[{}, 400]]],
      ["log_leader", [[{ server: "n1" }, 1]]],
      ["snapshot_sequence", [[{}, 5]]],
    ],
  );
});
