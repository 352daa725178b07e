import type { Server } from "../net/mod.ts";

/** How often it is looked, milliseconds. */
const LOOK_MS = 500;
/** Packets between two looks with which the broker is still calm: one that pauses then delays next to nobody. */
const CALM_PACKETS = 100;
/** Reads of packets that are not complete, likewise: of five hundred clients that never finish one no packet is ever counted. */
const CALM_READS = 20;
/** Bytes that must have come to it since the last time. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** Live bytes beyond which nothing is done: a collection takes about two milliseconds for each of its megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Looks after which it is done once more: a connection that is being closed keeps what it was writing for a second. */
const LATER_LOOKS = 4;

/** What a look sees of the broker. */
export interface Sight {
  /** Packets that have come since the start. */
  readonly packets: number;
  /** Connections likewise. */
  readonly connections: number;
  /** Reads of packets that were not complete, likewise. */
  readonly unfinishedReads: number;
  /** Bytes that are kept for somebody: what waits for clients, and what they have not finished. */
  readonly keptBytes: number;
}

/** Decides when memory is given back. */
export class Rush {
  #last: Sight;
  #settledBytes: number;
  #looksLeft = 0;

  /** Begins with what there is. */
  constructor(sight: Sight, usage: Deno.MemoryUsage) {
    this.#last = sight;
    this.#settledBytes = looseBytes(sight, usage);
  }

  /** Looks once: whether a rush is over that has left something behind. `usage` is asked for only where the broker is calm. */
  look(sight: Sight, usage: () => Deno.MemoryUsage): boolean {
    const last = this.#last;
    this.#last = sight;
    const isCalm = sight.packets - last.packets < CALM_PACKETS &&
      sight.connections === last.connections &&
      sight.unfinishedReads - last.unfinishedReads < CALM_READS;
    if (!isCalm) return false;
    const used = usage();
    if (used.heapUsed > MOST_BYTES) return false;
    const bytes = looseBytes(sight, used);
    this.#settledBytes = Math.min(this.#settledBytes, bytes);
    if (bytes - this.#settledBytes >= GROWN_BYTES) {
      this.#looksLeft = LATER_LOOKS;
      return true;
    }
    return this.#looksLeft > 0 && --this.#looksLeft === 0;
  }

  /** Memory was given back: this is what is left. */
  settle(sight: Sight, usage: Deno.MemoryUsage): void {
    this.#settledBytes = looseBytes(sight, usage);
  }
}

/**
 * Gives memory back after a rush, as when all clients come at once: V8's young generation grows with what survives, to 32 MB and more, and
 * shrinks only in a full collection, which an idle program never comes to on Deno. Five thousand idle clients take three quarters of
 * what they took without this. The output of clients that never read, and are gone, lies in buffers outside the heap, for which V8
 * is in no hurry either: forty of them leave hundreds of megabytes behind. What libc keeps of these goes back too, where it can be
 * called. The function returned ends it.
 */
export function giveBackMemory(server: Server): () => void {
  const rush = new Rush(sightOf(server), Deno.memoryUsage());
  const look = async () => {
    if (!rush.look(sightOf(server), Deno.memoryUsage)) return;
    if (!await collect()) return clearInterval(timer);
    server.trimMemory();
    rush.settle(sightOf(server), Deno.memoryUsage());
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

function sightOf(server: Server): Sight {
  const { metrics, levels } = server.broker;
  return {
    packets: metrics.packetsReceived,
    connections: metrics.connectionsAccepted,
    unfinishedReads: server.unfinishedReads,
    keptBytes: levels.bufferedBytes + server.unfinishedBytes,
  };
}

/** The heap and the buffers outside of it, without what is kept for somebody: so it grows when they go and leave it. */
function looseBytes({ keptBytes }: Sight, { heapTotal, external }: Deno.MemoryUsage): number {
  return heapTotal + external - keptBytes;
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
