/**
 * One broker over several machines, on NATS JetStream.
 *
 * There is one log, a stream of JetStream. A node packs what its clients publish with QoS 1 or 2, or to be retained, into a record for each
 * turn and appends it; every node reads the log in order and routes what is in it to its own subscribers. An acknowledgement leaves
 * when the publisher's node has read and applied its own record: then a majority of the servers has it, and the node's own store too.
 * QoS 0 goes by NATS's own subjects, to nodes with a subscriber for it.
 *
 * | file             | what it does                                                                                    |
 * |------------------|-------------------------------------------------------------------------------------------------|
 * | `nats/`          | a small client of NATS                                                                          |
 * | `engine`         | what a node needs of NATS and of time, as a port; `nats_engine` is the real one                 |
 * | `cluster_node`   | stands between a broker and all that follows                                                    |
 * | `node_init`      | what it is given, and says of itself; `node_parts` and `node_port`: its parts, and its broker's     |
 * | `node_reading`   | how it reads the log; `effects`: what becomes of each entry; `taking_part`: it writes as well   |
 * | `bridge_homes`   | which node has each bridge                                                                      |
 * | `node_watch`     | who has died, whether this node is cut off, and since when it knows all; `node_level`: where it stands |
 * | `record`         | what a record has, and places in the log; `record_form`: its bytes, with writer and reader      |
 * | `log`, `window`  | packs and sends records, and sends again what is lost; `record_sender`: to JetStream            |
 * | `open_claims`    | which claims in them change nothing any more, since their clients are gone                      |
 * | `lost_log`       | what a node does whose servers have lost what it had applied                                    |
 * | `applier`        | applies records in order; `marks` decides which of them count, the same on every node           |
 * | `shared_store`   | the broker's store: a commit is done when the log has come to what was put into it before       |
 * | `commits`        | when that is                                                                                    |
 * | `sessions`       | all sessions of the cluster, and what the node's own store has of that: `stored_home`           |
 * | `homes`          | which node each session belongs to by the log, and so whose word counts                         |
 * | `own_sessions`   | what this node tells the others about its own; `reserved` and `unapplied`: of QoS 2             |
 * | `done_with`      | which messages these are done with; `given_up`: subscriptions that others do not know to be over |
 * | `fences`         | which words of a node do not count, because it did not know yet that a session is not its own   |
 * | `shares`         | shared subscriptions over all nodes: by the log all decide alike who delivers a message         |
 * | `share_here`     | what this node's own members get of what it has to deliver                                      |
 * | `share_table`    | which nodes have members; `share_sessions`: which sessions have them, `share_pending`: who has  |
 * |                  | to deliver what; `share_words`: what this node tells the others of its own members;             |
 * |                  | `stored_shares`: what its store has of sessions' shared subscriptions                           |
 * | `forwarding`     | QoS 0 between nodes                                                                             |
 * | `interests`      | which topics of QoS 0 this node wants; `topic_subject` is how topics are named at NATS          |
 * | `members`        | who else is there                                                                               |
 * | `trouble`        | what fails again and again is said from time to time; `server_lines`: of the way to the servers   |
 * | `answers`        | what the servers refuse, in words for whoever runs them                                         |
 * | `log_watch`      | where the log stands, for those who look; `status`: the same for somebody outside               |
 * | `snapshot_maker` | puts a copy of a store into the object store, and shortens the log; `lease`: one node does so   |
 * | `snapshot_due`   | when one does: the log has grown, or nodes that are upgraded are to start from the same         |
 * | `snapshot_reader`| where a node starts that is new, or was away for longer than the log reaches back; `beginning`  |
 * | `shared_text`    | a text that all nodes have, and that each of them may change                                    |
 *
 * This room is loaded only where a cluster is configured. May import the ports and data types of `broker`, `codec` and `topic`.
 *
 * @module
 */
export {
  type Beginning,
  beginWithSnapshot,
  type SnapshotStore,
  type SnapshotTaking,
} from "./beginning.ts";
export type { BridgeHomes, OfferedBridge } from "./bridge_homes.ts";
export { ClusterNode } from "./cluster_node.ts";
export { type ClusterHost, type ClusterInit, type ClusterLevel } from "./node_init.ts";
export { type Beat, beatSubject, parseBeat } from "./members.ts";
export { type Credentials, parseCredentialsFile, parseSeedFile } from "./nats/credentials.ts";
export type { ClientCertificate } from "./nats/stream.ts";
export { nameOfPlace, type NatsPlace } from "./nats/place.ts";
export { type ClusteredServer, hostOf } from "./server_host.ts";
export { SharedText, type SharedTextInit, type SharedVersion } from "./shared_text.ts";
export { type SessionHost } from "./session_ports.ts";
export { type ShareHost } from "./share_here.ts";
export { SnapshotMaker, type SnapshotMakerInit, type SnapshotSource } from "./snapshot_maker.ts";
export { readSnapshotOf, type SnapshotReaderInit } from "./snapshot_reader.ts";
export { type LogView } from "./log_watch.ts";
export { type SnapshotView } from "./snapshot.ts";
export { type ClusterStatus, clusterStatus } from "./status.ts";
export { type StreamInfo } from "./nats/jetstream_answers.ts";
export { type ClusterOptions, prefixOf, streamOf } from "./options.ts";
