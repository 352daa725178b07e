import type { Broker } from "../broker/mod.ts";

/** How often it is looked, milliseconds. */
const LOOK_MS = 500;
/** Packets between two looks with which the broker is still calm: one that pauses then delays next to nobody. */
const CALM_PACKETS = 100;
/** Bytes that must have come to it since the last time. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** Live bytes beyond which nothing is done: a collection takes about two milliseconds for each of its megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Looks after which it is done once more: a connection that is being closed keeps what it was writing for a second. */
const LATER_LOOKS = 4;

/**
 * Gives memory back after a rush, as when all clients come at once: V8's young generation grows with what survives, to 32 MB and more, and
 * shrinks only in a full collection, which an idle program never comes to on Deno. Five thousand idle clients take three quarters of
 * what they took without this. The output of clients that never read, and are gone, lies in buffers outside the heap, for which V8
 * is in no hurry either: forty of them leave hundreds of megabytes behind. The function returned ends it.
 */
export function giveBackMemory(broker: Broker): () => void {
  const { metrics } = broker;
  let packets = metrics.packetsReceived;
  let connections = metrics.connectionsAccepted;
  let settledBytes = heldBytes(broker);
  let looksLeft = 0;
  const look = async () => {
    const isCalm = metrics.packetsReceived - packets < CALM_PACKETS &&
      metrics.connectionsAccepted === connections;
    packets = metrics.packetsReceived;
    connections = metrics.connectionsAccepted;
    if (!isCalm) return;
    const usage = Deno.memoryUsage();
    if (usage.heapUsed > MOST_BYTES) return;
    const bytes = heldBytes(broker, usage);
    settledBytes = Math.min(settledBytes, bytes);
    if (bytes - settledBytes >= GROWN_BYTES) looksLeft = LATER_LOOKS;
    else if (looksLeft === 0 || --looksLeft > 0) return;
    if (!await collect()) return clearInterval(timer);
    settledBytes = heldBytes(broker);
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

/** The heap and the buffers outside of it, without what still waits for clients: so it grows when they go and leave it. */
function heldBytes(
  broker: Broker,
  { heapTotal, external }: Deno.MemoryUsage = Deno.memoryUsage(),
): number {
  return heapTotal + external - broker.levels.bufferedBytes;
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
