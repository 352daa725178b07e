import { nowMs, type Server } from "../net/mod.ts";
import { type BridgeLevel, type ClusterLevel, type SysLevels, SysTopics } from "../observe/mod.ts";
import type { SqliteStore } from "../store/mod.ts";
import { VERSION } from "../version.ts";

/** Publishes the `$SYS` topics now and at each interval; 0: never. The returned function ends it. */
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

/** Returns a function that reads the broker's current counters and levels. */
export function levelsOf(
  { broker }: Server,
  store: SqliteStore | undefined,
  bridges: () => readonly BridgeLevel[],
  cluster?: { readonly level: ClusterLevel },
): () => SysLevels {
  return () => ({
    heapBytes: heapBytes(),
    metrics: broker.metrics,
    ...broker.levels,
    ...store === undefined ? {} : { store: { ...store.stats, isFailing: store.isFailing } },
    ...withBridges(bridges()),
    ...cluster === undefined ? {} : { cluster: cluster.level },
  });
}

/** A broker without bridges has no metrics about them. */
function withBridges(bridges: readonly BridgeLevel[]): Pick<SysLevels, "bridges"> {
  return bridges.length === 0 ? {} : { bridges };
}

/** Bytes of JavaScript's heap and of buffers outside it. */
function heapBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
