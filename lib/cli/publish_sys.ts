import { nowMs, type Server } from "../net/mod.ts";
import { type BridgeLevel, type SysLevels, SysTopics } from "../observe/mod.ts";
import type { SqliteStore } from "../store/mod.ts";
import { VERSION } from "../version.ts";

/** Publishes the `$SYS` topics from now on, every so many seconds, 0: never; the function returned ends it. */
export function publishSysTopics(
  intervalSeconds: number,
  { hub }: Server,
  levels: () => SysLevels,
): () => void {
  if (intervalSeconds === 0) return () => {};
  const topics = new SysTopics(hub, levels, VERSION, nowMs());
  topics.publish(nowMs());
  const timer = setInterval(() => topics.publish(nowMs()), intervalSeconds * 1000);
  return () => clearInterval(timer);
}

/** What the broker tells of itself: counters and levels, as they are when the function returned is called. */
export function levelsOf(
  { broker }: Server,
  store: SqliteStore | undefined,
  bridges: () => readonly BridgeLevel[],
): () => SysLevels {
  return () => ({
    heapBytes: heapBytes(),
    metrics: broker.metrics,
    ...broker.levels,
    ...store === undefined ? {} : { store: { ...store.stats, isFailing: store.isFailing } },
    ...withBridges(bridges()),
  });
}

/** A broker without bridges has no metrics of them. */
function withBridges(bridges: readonly BridgeLevel[]): Pick<SysLevels, "bridges"> {
  return bridges.length === 0 ? {} : { bridges };
}

/** Of JavaScript's objects and of the buffers outside of its heap. */
function heapBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
