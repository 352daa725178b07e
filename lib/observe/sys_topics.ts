import type { BrokerLevels, MessageHub, Metrics } from "../broker/mod.ts";
import type { BridgeLevel } from "./bridge_level.ts";
import type { ClusterLevel } from "./cluster_level.ts";
import type { StoreStats } from "../store/mod.ts";

/** The values that the `$SYS` topics publish. */
export interface SysLevels extends BrokerLevels {
  /** The broker's counters themselves, not a copy. */
  readonly metrics: Metrics;
  /** Bytes of the JavaScript heap in use. */
  readonly heapBytes: number;
  /** The store's counters. Bytes written and syncs matter most, because they wear flash memory. Absent without a store. */
  readonly store?: StoreStats & {
    /** Whether the store cannot write at present. */
    readonly isFailing: boolean;
  };
  /** The bridges; absent if there are none. */
  readonly bridges?: readonly BridgeLevel[];
  /** The cluster; absent if the broker is not a node of one. */
  readonly cluster?: ClusterLevel;
}

/** Minutes over which loads are averaged. */
const LOAD_MINUTES = [1, 5, 15] as const;
/** Counters whose load is published: per minute, as a moving average. */
const LOADS: readonly [topic: string, read: (levels: SysLevels) => number][] = [
  ["messages/received", ({ metrics }) => metrics.packetsReceived],
  ["messages/sent", ({ metrics }) => metrics.packetsSent],
  ["publish/received", ({ metrics }) => metrics.publishReceived],
  ["publish/sent", ({ metrics }) => metrics.publishSent],
  ["bytes/received", ({ metrics }) => metrics.bytesReceived],
  ["bytes/sent", ({ metrics }) => metrics.bytesSent],
  ["connections", ({ metrics }) => metrics.connectsAccepted],
];

/**
 * Publishes the broker's state as retained messages under `$SYS/broker`, with the names that mosquitto's users know, and dropped messages
 * by reason under `$SYS/broker/publish/messages/dropped/REASON`. A value that has not changed is not published again.
 */
export class SysTopics {
  readonly #hub: MessageHub;
  readonly #read: () => SysLevels;
  readonly #version: string;
  readonly #startedMs: number;
  readonly #published = new Map<string, string>();
  readonly #loads = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  #lastMs: number;

  /** `read` is called at each `publish`; the uptime counts from `nowMs`, in the clock's milliseconds. */
  constructor(hub: MessageHub, read: () => SysLevels, version: string, nowMs: number) {
    this.#hub = hub;
    this.#read = read;
    this.#version = version;
    this.#startedMs = this.#lastMs = nowMs;
  }

  /** The published values by topic, without the prefix `$SYS/broker/`. */
  get values(): ReadonlyMap<string, string> {
    return this.#published;
  }

  /** Publishes the values that have changed. */
  publish(nowMs: number): void {
    const levels = this.#read();
    const { metrics } = levels;
    const uptimeSeconds = Math.floor((nowMs - this.#startedMs) / 1000);
    this.#set("version", `flux-mqtt version ${this.#version}`);
    this.#set("uptime", `${uptimeSeconds} seconds`);
    this.#set("clients/connected", levels.connectedCount);
    this.#set("clients/disconnected", levels.sessionCount - levels.connectedCount);
    // The old names of these two values, which dashboards still use.
    this.#set("clients/active", levels.connectedCount);
    this.#set("clients/inactive", levels.sessionCount - levels.connectedCount);
    this.#set("clients/total", levels.sessionCount);
    this.#set("clients/maximum", metrics.clientsConnectedMax);
    this.#set("clients/expired", metrics.sessionsExpired);
    this.#publishCounters(metrics);
    this.#set("subscriptions/count", levels.subscriptionCount);
    this.#publishHeld(levels);
    if (levels.store !== undefined) this.#publishStore(levels.store);
    for (const bridge of levels.bridges ?? []) this.#publishBridge(bridge);
    this.#publishLoads(levels, nowMs);
  }

  #publishCounters(metrics: Metrics): void {
    this.#set("messages/received", metrics.packetsReceived);
    this.#set("messages/sent", metrics.packetsSent);
    this.#set("bytes/received", metrics.bytesReceived);
    this.#set("bytes/sent", metrics.bytesSent);
    this.#set("publish/messages/received", metrics.publishReceived);
    this.#set("publish/messages/sent", metrics.publishSent);
    this.#set("publish/bytes/received", metrics.payloadBytesReceived);
    this.#set("publish/bytes/sent", metrics.payloadBytesSent);
    this.#set("publish/messages/dropped", metrics.droppedTotal);
    for (const [reason, count] of metrics.dropped) {
      this.#set(`publish/messages/dropped/${reason}`, count);
    }
  }

  #publishHeld(levels: SysLevels): void {
    this.#set("retained messages/count", levels.retainedCount);
    this.#set("store/messages/bytes", levels.retainedBytes + levels.queuedBytes);
    this.#set("buffered/bytes", levels.bufferedBytes);
    this.#set("heap/current", levels.heapBytes);
    this.#set("store/messages/count", levels.retainedCount + levels.queuedCount);
    this.#set("messages/stored", levels.retainedCount + levels.queuedCount);
    this.#set("shared_subscriptions/count", levels.sharedSubscriptionCount);
  }

  #publishStore(store: NonNullable<SysLevels["store"]>): void {
    this.#set("store/commits", store.commits);
    this.#set("store/bytes written", store.writtenBytes);
    this.#set("store/fsyncs", store.fsyncs);
    this.#set("store/failures", store.failures);
    this.#set("store/bytes used", store.usedBytes);
    this.#set("store/failing", store.isFailing ? 1 : 0);
  }

  #publishBridge(bridge: BridgeLevel): void {
    // A name may hold characters that a level of a topic may not.
    const base = `bridges/${levelOf(bridge.name)}`;
    this.#set(`${base}/state`, bridge.state);
    this.#set(`${base}/reason`, bridge.reason);
    this.#set(`${base}/address`, bridge.address);
    this.#set(`${base}/messages/waiting`, bridge.waiting);
    this.#set(`${base}/messages/received`, bridge.messagesIn);
    this.#set(`${base}/messages/sent`, bridge.messagesOut);
  }

  #publishLoads(levels: SysLevels, nowMs: number): void {
    const minutes = (nowMs - this.#lastMs) / 60_000;
    this.#lastMs = nowMs;
    if (minutes <= 0) return;
    for (const [topic, read] of LOADS) {
      const count = read(levels);
      const rate = (count - (this.#counts.get(topic) ?? 0)) / minutes;
      this.#counts.set(topic, count);
      for (const span of LOAD_MINUTES) {
        const name = `load/${topic}/${span}min`;
        const weight = 1 - Math.exp(-minutes / span);
        const load = this.#loads.get(name) ?? 0;
        this.#loads.set(name, load + weight * (rate - load));
        this.#set(name, this.#loads.get(name)!.toFixed(2));
      }
    }
  }

  #set(name: string, value: string | number): void {
    const text = String(value);
    if (this.#published.get(name) === text) return;
    this.#published.set(name, text);
    const payload = new TextEncoder().encode(text);
    this.#hub.publish({ topicName: `$SYS/broker/${name}`, payload, retain: true });
  }
}

/** Makes a name into one level of a topic. */
function levelOf(name: string): string {
  return ["/", "+", "#", "\0"].reduce((text, sign) => text.replaceAll(sign, "_"), name);
}
