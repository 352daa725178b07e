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
export { type BridgeHomes, HomeWatch, type Standing } from "./homes.ts";
export type { BridgeHost, LocalByteStream } from "./host.ts";
export { BridgeMachine, type MachineInit } from "./machine.ts";
export * from "./options.ts";
export { Output } from "./output.ts";
export type { BridgePorts, LocalSession } from "./ports.ts";
export * from "./state.ts";
export { RovingBridge } from "./roving_bridge.ts";
export { type MappedTopic, type RuleFilter, TopicRules } from "./topic_rules.ts";
