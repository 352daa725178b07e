import type { Metrics } from "../broker/mod.ts";

/** How often it is looked, milliseconds. */
const LOOK_MS = 500;
/** Packets between two looks with which the broker is still calm: one that pauses then delays next to nobody. */
const CALM_PACKETS = 100;
/** Bytes that the heap must have grown by since the last time. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** Live bytes beyond which nothing is done: a collection takes about two milliseconds for each of its megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Gives memory back after a rush, as when all clients come at once: V8's young generation grows with what survives, to 32 MB and more, and
 * shrinks only in a full collection, which an idle program never comes to on Deno. Five thousand idle clients take three quarters of
 * what they took without this. The function returned ends it.
 */
export function giveBackMemory(metrics: Metrics): () => void {
  let packets = metrics.packetsReceived;
  let connections = metrics.connectionsAccepted;
  let settledBytes = Deno.memoryUsage().heapTotal;
  const look = async () => {
    const isCalm = metrics.packetsReceived - packets < CALM_PACKETS &&
      metrics.connectionsAccepted === connections;
    packets = metrics.packetsReceived;
    connections = metrics.connectionsAccepted;
    if (!isCalm) return;
    const { heapTotal, heapUsed } = Deno.memoryUsage();
    settledBytes = Math.min(settledBytes, heapTotal);
    if (heapTotal - settledBytes < GROWN_BYTES || heapUsed > MOST_BYTES) return;
    if (!await collect()) return clearInterval(timer);
    settledBytes = Deno.memoryUsage().heapTotal;
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

/**
 * A full collection; `false` where V8 cannot be asked for one. The executable has been given the function; else it is there in contexts
 * made after the flag is set, where flags can still be set (in executables of Deno 2.7 they cannot). The modules are loaded when they
 * are needed: the start does not pay for them.
 */
async function collect(): Promise<boolean> {
  let { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("globalThis.gc") as (() => void) | undefined;
  }
  gc?.();
  return gc !== undefined;
}
