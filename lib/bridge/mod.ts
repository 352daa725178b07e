/**
 * Connections of this broker to others: what is published here goes there, and the other way round, losing nothing.
 *
 * A bridge is two clients back to back. At the remote broker it is one with a persistent session; in this broker it is one whose session is
 * durable like any other, named `$bridge/NAME`. `Relay` passes packets from one to the other under the same Packet Identifiers, so
 * that all state is the local session's, and nothing is kept twice: its module says why that is enough. `BridgeMachine` decides when
 * to connect where; `BridgeDriver` gives it streams and timers; `Bridges` has one for each `connection` block.
 *
 * `topic_rules.ts` says what a topic is called on the other side, `publish_view.ts` rewrites a PUBLISH without taking it apart, `hops.ts`
 * keeps a message from coming round, `handshake.ts` asks for 5.0, and for less where that is refused.
 *
 * Rules: machine and relay do no I/O and are told the time; a message is acknowledged on one side only by the acknowledgement of the
 * other; what a bridge cannot pass on is counted by its reason. Nothing of this room is loaded without a `connection` block. May
 * import `client`, `broker`, `topic` and `codec`.
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
export type { BridgeHost, LocalByteStream } from "./host.ts";
export { BridgeMachine, type MachineInit } from "./machine.ts";
export * from "./options.ts";
export { Output } from "./output.ts";
export type { BridgePorts, LocalSession } from "./ports.ts";
export * from "./state.ts";
export { type MappedTopic, type RuleFilter, TopicRules } from "./topic_rules.ts";
