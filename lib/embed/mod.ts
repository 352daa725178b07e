/**
 * A broker inside of a program: what the program hears, decides and does.
 *
 * `Server` is the one of `net`, and more: `on` and `events` tell what happens, hooks (`addHooks`) decide, and `clients`, `disconnect`, `publish`,
 * `deleteSession`, `retained` are its actions; `attach` and `upgrade` take in clients whose streams the program has; `bridge` connects to another broker.
 *
 * Three rules. Nobody's interest costs nothing: an event that nobody listens to is not made. A function of the program never runs
 * in the middle of the core: listeners are called behind the turn, and what a function asks for from within one is done at its end.
 * A function that throws, takes too long or answers nonsense is logged with its error and counted, and costs what it was asked about: never
 * the process, and never another client.
 *
 * May import `broker`, `net`, `topic` and `codec`; and `bridge` and `config` when the first bridge begins.
 *
 * @example What comes and goes
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Server } from "./mod.ts";
 *
 * await using server = new Server();
 * const published = server.events("published");
 * server.publish("home/cellar/temperature", "12.5", { retain: true });
 * for await (const { message } of published) {
 *   equal(message.topicName, "home/cellar/temperature");
 *   break; // Listens no more.
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
export type { BridgeHandle, BridgeInit, BridgeTopicInit } from "./bridges.ts";
export { EventStream, type EventStreamOptions } from "./event_stream.ts";
export type { Hooks, HooksOptions } from "./hooks.ts";
export { type AttachInit, type DisconnectReason, type PublishOptions, Server } from "./server.ts";
