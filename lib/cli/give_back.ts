import type { BrokerLevels } from "../broker/mod.ts";
import type { Server } from "../net/mod.ts";
import { collectGarbage } from "../store/mod.ts";

/** The time between two checks, in milliseconds. */
const LOOK_MS = 500;
/** With fewer packets than this between two checks the broker is idle enough that a pause delays hardly anybody. */
const CALM_PACKETS = 100;
/** The same for connections: one that comes now and then is no rush, and some broker has one every second all the time. */
const CALM_CONNECTIONS = 5;
/** The same for reads of incomplete packets: clients that never finish a packet cause no other activity that is counted. */
const CALM_READS = 20;
/**
 * The same for steps of the core's work: a twentieth of the time. A few large packets may keep the broker busy for minutes, and a collection
 * in the middle of that is a pause for everybody.
 */
const CALM_STEPS = 250_000;
/** The growth of memory since the last collection that makes another one worthwhile. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** With more live bytes than this nothing is collected: a collection takes about two milliseconds for each megabyte. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A byte that is not live any more takes a tenth of that. */
const DEAD_PER_LIVE = 10;
/** The heap of a broker without clients, and what each thing in it takes at most, bytes: as `deno task weigh` shows, and a little more. */
const LIVE_BYTES = { base: 16 * 1024 * 1024, session: 8192, subscription: 1024, message: 1536 };
/** Checks until a second collection: a closing connection keeps what it was writing for about a second. */
const LATER_LOOKS = 4;

/** What a check reads from the broker. */
export interface Sight {
  /** Packets received since the start. */
  readonly packets: number;
  /** Connections accepted since the start. */
  readonly connections: number;
  /** Reads of incomplete packets since the start. */
  readonly unfinishedReads: number;
  /** Steps of the core's work since the start. */
  readonly steps: number;
  /** Bytes that are in use: output that waits for clients, and incomplete packets. */
  readonly keptBytes: number;
  /** Bytes of the heap that are probably in use; the rest of it is garbage. */
  readonly liveBytes: number;
}

/** Decides when memory is returned to the system. */
export class Rush {
  #last: Sight;
  #settledBytes: number;
  #looksLeft = 0;

  /** Starts from the present state. */
  constructor(sight: Sight, usage: Deno.MemoryUsage) {
    this.#last = sight;
    this.#settledBytes = looseBytes(sight, usage);
  }

  /** Checks once; returns whether a rush is over that has left memory behind. `usage` is called only while the broker is calm. */
  look(sight: Sight, usage: () => Deno.MemoryUsage): boolean {
    const last = this.#last;
    this.#last = sight;
    const isCalm = sight.packets - last.packets < CALM_PACKETS &&
      sight.connections - last.connections < CALM_CONNECTIONS &&
      sight.unfinishedReads - last.unfinishedReads < CALM_READS &&
      sight.steps - last.steps < CALM_STEPS;
    if (!isCalm) return false;
    const used = usage();
    const liveBytes = Math.min(used.heapUsed, sight.liveBytes);
    if (liveBytes + (used.heapUsed - liveBytes) / DEAD_PER_LIVE > MOST_BYTES) return false;
    const bytes = looseBytes(sight, used);
    this.#settledBytes = Math.min(this.#settledBytes, bytes);
    if (bytes - this.#settledBytes >= GROWN_BYTES) {
      this.#looksLeft = LATER_LOOKS;
      return true;
    }
    return this.#looksLeft > 0 && --this.#looksLeft === 0;
  }

  /** Notes the memory in use after a collection. */
  settle(sight: Sight, usage: Deno.MemoryUsage): void {
    this.#settledBytes = looseBytes(sight, usage);
  }
}

/**
 * Returns memory to the system after a rush, such as all clients connecting at once; the returned function ends it. V8's young
 * generation grows to 32 MB and more, and shrinks only in a full collection, which an idle program on Deno never starts. With this, five
 * thousand idle clients take three quarters of the memory that they take without it. Output for clients that never read lies in buffers
 * outside the heap, which V8 frees late as well: forty such clients leave hundreds of megabytes behind after they are gone. Memory that
 * libc keeps is returned too, where libc can be called.
 */
export function giveBackMemory(server: Server): () => void {
  const rush = new Rush(sightOf(server), Deno.memoryUsage());
  const look = async () => {
    if (!rush.look(sightOf(server), Deno.memoryUsage)) return;
    if (!await collectGarbage()) return clearInterval(timer);
    server.trimMemory();
    rush.settle(sightOf(server), Deno.memoryUsage());
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

function sightOf(server: Server): Sight {
  const { metrics, levels, core } = server.broker;
  return {
    packets: metrics.packetsReceived,
    connections: metrics.connectionsAccepted,
    unfinishedReads: server.unfinishedReads,
    steps: core.work.totalSteps,
    keptBytes: levels.bufferedBytes + server.unfinishedBytes,
    liveBytes: liveBytesOf(levels),
  };
}

function liveBytesOf(levels: BrokerLevels): number {
  const { base, session, subscription, message } = LIVE_BYTES;
  const messages = levels.retainedCount + levels.queuedCount;
  return base + levels.sessionCount * session + levels.subscriptionCount * subscription +
    messages * message + levels.retainedBytes + levels.queuedBytes;
}

/** Bytes of the heap and of buffers outside it that are not in use by a connection. They grow when clients leave. */
function looseBytes({ keptBytes }: Sight, { heapTotal, external }: Deno.MemoryUsage): number {
  return heapTotal + external - keptBytes;
}
