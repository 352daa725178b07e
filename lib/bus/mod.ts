/**
 * The EventBus: the broker's messages for the programs around it, with the filters of MQTT and no connection.
 *
 * A program in the broker's thread uses {@link EventBus}: calls go straight into the broker's turn. Workers use
 * {@link WorkerBus}, over a `BroadcastChannel` that {@link BusBridge} opens beside the broker. Both are a {@link Bus}.
 *
 * A BroadcastChannel loses messages silently: each thread has a backlog of 256 messages for all channels of the process, and beyond
 * that the oldest are dropped. So between a bridge and each of its Workers there is a stream (`stream.ts`). The records of one turn are packed into one
 * frame (`record.ts`). Frames are numbered, and only a limited number is posted before it is confirmed. The receiver hands them on in
 * order and once, and asks for a number that was skipped. A sender that gets no answer asks which frames have arrived (`frame.ts`), so
 * that a lost last frame, confirmation or request is repaired too.
 *
 * A Worker's subscriptions are sent in its stream, and are kept in the broker's own trie: a message without a subscriber is never
 * encoded. What a Worker publishes comes back to it only through the broker. Both sides keep a bounded number of bytes: then a
 * Worker's `publish` returns `false`, and a Worker that is too slow loses messages. A loss that cannot be repaired is counted in the
 * stats, and `onLoss` is called on the side that has lost, for a slow Worker on both.
 *
 * May import the data types of `broker` and `codec`, and `topic`.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { FilterTrie } from "../topic/mod.ts";
 * import { EventBus, type Message, type MessageHub } from "./mod.ts";
 *
 * // Stands for the broker, which is a MessageHub too.
 * const trie = new FilterTrie<(message: Message) => void>();
 * const hub: MessageHub = {
 *   publish(init) {
 *     const rest = { qos: 0, retain: false, properties: undefined } as const;
 *     const message = { ...rest, ...init, expiresAtMs: Infinity, publisherId: "" };
 *     trie.match(init.topicName, (deliver) => deliver(message));
 *   },
 *   subscribe(topicFilter, deliver) {
 *     trie.add(topicFilter, deliver);
 *     return () => void trie.delete(topicFilter, deliver);
 *   },
 * };
 *
 * const bus = new EventBus(hub);
 * const seen: string[] = [];
 * bus.subscribe("home/+/temperature", ({ topicName }) => seen.push(topicName));
 * bus.publish("home/cellar/temperature", "12.5", { qos: 1, retain: true });
 * equal(seen[0], "home/cellar/temperature");
 * bus.close();
 * ```
 *
 * @module
 */

export { EventBus } from "./event_bus.ts";
export { traceBus } from "./trace.ts";
export { BusBridge } from "./bridge.ts";
export type { BusBridgeOptions } from "./bridge.ts";
export { WorkerBus } from "./worker_bus.ts";
export type { WorkerBusOptions } from "./worker_bus.ts";
export { DEFAULT_STREAM_OPTIONS } from "./options.ts";
export type { StreamOptions } from "./options.ts";
export type { Bus, BusHandler, BusLog, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
export type { BusLoss, BusLossReason, BusStats } from "./stats.ts";
export type { Message, MessageHub, MessageInit } from "../broker/mod.ts";
export type { Properties, Qos, UserProperty } from "../codec/mod.ts";
