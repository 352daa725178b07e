import type { Broker } from "../broker/mod.ts";

/** The time between two checks, in milliseconds. */
const LOOK_MS = 500;
/** With fewer packets than this between two checks the broker is idle enough that a pause delays hardly anybody. */
const CALM_PACKETS = 100;
/** The growth of memory since the last collection that makes another one worthwhile. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** With more live bytes than this nothing is collected: a collection takes about two milliseconds for each megabyte. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Checks until a second collection: a closing connection keeps what it was writing for about a second. */
const LATER_LOOKS = 4;

/**
 * Returns memory to the system after a rush, such as all clients connecting at once; the returned function ends it. V8's young
 * generation grows to 32 MB and more, and shrinks only in a full collection, which an idle program on Deno never starts. With this, five
 * thousand idle clients take three quarters of the memory that they take without it. Output for clients that never read lies in buffers
 * outside the heap, which V8 frees late as well: forty such clients leave hundreds of megabytes behind after they are gone.
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

/** Bytes of the heap and of buffers outside it, without output that connected clients still wait for. It grows when such clients leave. */
function heldBytes(
  broker: Broker,
  { heapTotal, external }: Deno.MemoryUsage = Deno.memoryUsage(),
): number {
  return heapTotal + external - broker.levels.bufferedBytes;
}

/**
 * Runs a full collection; `false`: V8 cannot be asked for one. The executable exposes `gc`. Elsewhere it exists in contexts that
 * are made after the flag is set, unless flags cannot be set any more, as in executables of Deno 2.7. The modules are loaded here,
 * so that the start does not pay for them.
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
