/**
 * Bridges: connections of this broker to others that exchange messages without loss.
 *
 * A bridge consists of two clients. At the remote broker it is a client with a persistent session; in this broker it is a client with a
 * durable session named `$bridge/NAME`. `Relay` passes packets from one to the other with the same Packet Identifiers, so all state is in
 * the local session and nothing is stored twice; its module explains why this suffices. `BridgeMachine` decides when to connect where;
 * `BridgeDriver` gives it streams and timers; `Bridges` has one for each `connection` block.
 *
 * `topic_rules.ts` maps topics to the other side, `publish_view.ts` rewrites a PUBLISH without decoding it, `hops.ts` prevents loops,
 * `handshake.ts` requests 5.0, and an older version if that is refused.
 *
 * In a cluster the durable session is one that all nodes know, as a client's is: each queues what waits in it, and its exchanges of QoS 2 are
 * in the log, in both directions, under the Packet Identifiers that the remote broker knows. The session belongs to one node by the log, and
 * that node has the bridge (`homes.ts` decides, `roving_bridge.ts` acts):
 *
 * - If the node dies, another one inherits its sessions, as it says in the log, and connects with the same Client Identifier. The remote
 *   broker ends the former connection and repeats what it has in flight; the session here repeats its own.
 * - If the node ends, it says so to the others, and the first of those that may have the bridge claims the session.
 * - If no node has the session, or one that may not have the bridge, the first node that may claims it in the log. A claim counts if its
 *   node knew of the last move: so of two claims the first counts, and one that a paused node had on the way does not.
 * - What a former node writes for the session does not count: its epoch in the log is older. But it could go on at the remote broker, where
 *   each of the two would end the other's connection. So a node asks the leader of the log every second, and leaves its bridges where it has
 *   not applied for six seconds what a leader with a majority had; others wait for ten. What it publishes of the bridge's state then is
 *   left out.
 * - A bridge that one node alone may have stays without the log, since nobody else takes it.
 *
 * What does not move: the number of the lowered QoS 2 messages under way (they come again), Topic Aliases (of the connection), retained
 * messages that are on their way to a new subscription, and messages of QoS 0.
 *
 * Rules: machine and relay do no I/O and get the time passed in. A message is acknowledged on one side only when the other side has
 * acknowledged it. Messages that cannot cross are counted by reason. This room is loaded only if there is a `connection` block. May import
 * `client`, `broker`, `topic` and `codec`.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { TopicRules } from "./mod.ts";
 *
 * const rules = new TopicRules([
 *   { pattern: "#", direction: "both", qos: 1, localPrefix: "site/", remotePrefix: "plants/7/" },
 * ]);
 * deepEqual(rules.localFilters, [{ topicFilter: "site/#", qos: 1 }]);
 * equal(rules.toRemote("site/pump")?.name, "plants/7/pump");
 * equal(rules.toLocal("plants/8/pump"), null);
 * ```
 *
 * @module
 */
export type {
  BridgeAdmission,
  BridgeQueuePolicy,
  Broker,
  ListenerOptions,
  LogPort,
  MessageHub,
} from "../broker/mod.ts";
export type { ProtocolVersion, Qos } from "../codec/mod.ts";
export { Backoff } from "./backoff.ts";
export { Bridges } from "./bridges.ts";
export { type BridgedServer, bridgeSessionOf, type BrokerHostInit, hostOf } from "./broker_host.ts";
export { BridgeDriver } from "./driver.ts";
export { type Attempt, attemptsOf } from "./handshake.ts";
export { type BridgeHomes, HomeWatch, type OfferedBridge, type Standing } from "./homes.ts";
export type { BridgeHost, LocalByteStream } from "./host.ts";
export { BridgeMachine, type MachineInit } from "./machine.ts";
export * from "./options.ts";
export { Output } from "./output.ts";
export type { BridgePorts, LocalSession } from "./ports.ts";
export * from "./state.ts";
export { RovingBridge } from "./roving_bridge.ts";
export { type MappedTopic, type RuleFilter, TopicRules } from "./topic_rules.ts";
