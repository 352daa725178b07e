/**
 * A broker inside a program: events, hooks and actions for that program.
 *
 * `Server` extends the one of `net`. `on` and `events` tell what happens; hooks (`addHooks`) decide; `clients`, `disconnect`, `publish`,
 * `deleteSession` and `retained` act; `attach` and `upgrade` accept clients whose streams the program already has; `bridge` connects to
 * another broker.
 *
 * Three rules hold. An event without a listener is not created, so it costs nothing. A function of the program never runs in the middle of
 * the core: listeners are called after the turn, and what they ask for takes effect at the end of a turn. A function that throws, takes too
 * long or returns nonsense is logged with its error and counted; it affects only what it was asked about, never the process or another
 * client.
 *
 * May import `broker`, `net`, `topic` and `codec`; `bridge`, `cluster`, `config` and `store` are loaded with the first bridge or node.
 *
 * @example Listening to published messages
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Server } from "./mod.ts";
 *
 * await using server = new Server();
 * const published = server.events("published");
 * server.publish("home/cellar/temperature", "12.5", { retain: true });
 * for await (const { message } of published) {
 *   equal(message.topicName, "home/cellar/temperature");
 *   break; // Stops listening.
 * }
 * ```
 *
 * @module
 */
export type { BridgeSettings } from "../config/mod.ts";
export type {
  BridgeAddress,
  BridgeCounters,
  BridgeOptions,
  BridgeReason,
  BridgeScheme,
  BridgeState,
  BridgeStatus,
  BridgeTls,
  BridgeTopic,
  Direction,
} from "../bridge/mod.ts";
export type { Beat, ClusterLevel, Credentials, LogView, SnapshotView } from "../cluster/mod.ts";
export {
  type ClusterHandle,
  type ClusterNodeInit,
  type ClusterServerInit,
  openCluster,
  type SharedTextHandle,
} from "./cluster.ts";
export type { BridgeHandle, BridgeInit, BridgeTopicInit } from "./bridges.ts";
export { EventStream, type EventStreamOptions } from "./event_stream.ts";
export type { Hooks, HooksOptions } from "./hooks.ts";
export { type AttachInit, type DisconnectReason, type PublishOptions, Server } from "./server.ts";
