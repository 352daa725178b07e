import type { BrokerLevels } from "../broker/mod.ts";
import type { Server } from "../net/mod.ts";
import { borrowGc } from "../store/mod.ts";

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
/**
 * How long a collection may take, milliseconds: while clients say something now and then; once they have been calm for `LATE_LOOKS` checks,
 * as a broker with thousands of idle clients is never silent; and after `SILENT_LOOKS` checks in which nobody said or asked anything.
 */
const MAY_TAKE_MS = { calm: 20, late: 40, silent: 130 };
const LATE_LOOKS = 40;
const SILENT_LOOKS = 10;
/** A byte that is not live any more takes so much less time than one that is: only its page is given back. */
const DEAD_PER_LIVE = 80;
const MB = 1024 * 1024;
/** Subscriptions that a quarter of the smallest heap has room for. */
const MANY_SUBSCRIPTION_BYTES = 8 * MB;
/** The heap of a broker without clients, and what each thing in it takes at most, bytes: as `deno task weigh` shows, and a little more. */
const LIVE_BYTES = { base: 10 * MB, session: 8192, subscription: 1024, message: 1536 };
/** Checks until a second collection: a closing connection keeps what it was writing for about a second. */
const LATER_LOOKS = 4;
/**
 * Checks until further ones, where V8 keeps memory that it has freed. It puts pages of its heap aside to use them again, and gives
 * those back that it has had for eight seconds; but it looks at them only in a full collection.
 */
const POOLED_LOOKS = [24, 46];
/** So much memory outside of the heap and its buffers is probably such pages: more than at the start, and more than at the last collection. */
const POOLED_BYTES = { least: 16 * 1024 * 1024, grown: 32 * 1024 * 1024 };

/** What a collection costs. */
export interface CollectionCost {
  /** Of a heap with nothing in it, milliseconds. */
  readonly leastMs: number;
  /** For each megabyte that is in use, milliseconds. */
  readonly msPerLiveMb: number;
}

/** The function that `--expose-gc` provides: one collection. */
export const EXPOSED: CollectionCost = { leastMs: 2.5, msPerLiveMb: 1.1 };
/** The one that a new context of `node:vm` has is Deno's own, and collects twice. */
export const BORROWED: CollectionCost = { leastMs: 5, msPerLiveMb: 2.2 };
/** The same, with the time to load `node:vm` and `node:v8`. */
export const UNLOADED: CollectionCost = { leastMs: 42, msPerLiveMb: 2.2 };

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
  /** The memory that is neither heap nor buffers: the least so far, and after the last collection. */
  #leastOutside: number;
  #settledOutside: number;
  /** Checks since the collection with which the last rush ended. */
  #looksSince = Infinity;
  /** Checks in a row in which little happened, and in which nothing did. */
  #calmLooks = 0;
  #silentLooks = 0;

  /** Starts from the present state. */
  constructor(sight: Sight, usage: Deno.MemoryUsage) {
    this.#last = sight;
    this.#settledBytes = looseBytes(sight, usage);
    this.#settledOutside = this.#leastOutside = outsideBytes(usage);
  }

  /**
   * Checks once; returns whether a rush is over that has left memory behind, and a collection at this cost keeps nobody waiting for long.
   * `usage` is called only while the broker is calm.
   */
  look(sight: Sight, usage: () => Deno.MemoryUsage, cost: CollectionCost): boolean {
    if (!this.#isCalm(sight)) return false;
    const used = usage();
    const liveBytes = Math.min(used.heapUsed, sight.liveBytes);
    const costlyBytes = liveBytes + (used.heapUsed - liveBytes) / DEAD_PER_LIVE;
    if (cost.leastMs + cost.msPerLiveMb * costlyBytes / MB > this.#mayTakeMs) return false;
    const bytes = looseBytes(sight, used);
    this.#settledBytes = Math.min(this.#settledBytes, bytes);
    const outside = outsideBytes(used);
    this.#leastOutside = Math.min(this.#leastOutside, outside);
    const isGrown = bytes - this.#settledBytes >= GROWN_BYTES ||
      outside - this.#settledOutside >= POOLED_BYTES.grown;
    if (isGrown) {
      this.#looksSince = 0;
      return true;
    }
    if (++this.#looksSince === LATER_LOOKS) return true;
    const isPooled = outside - this.#leastOutside >= POOLED_BYTES.least;
    return isPooled && POOLED_LOOKS.includes(this.#looksSince);
  }

  get #mayTakeMs(): number {
    if (this.#silentLooks >= SILENT_LOOKS) return MAY_TAKE_MS.silent;
    return this.#calmLooks >= LATE_LOOKS ? MAY_TAKE_MS.late : MAY_TAKE_MS.calm;
  }

  #isCalm(sight: Sight): boolean {
    const last = this.#last;
    this.#last = sight;
    const packets = sight.packets - last.packets;
    const connections = sight.connections - last.connections;
    const reads = sight.unfinishedReads - last.unfinishedReads;
    const isCalm = packets < CALM_PACKETS && connections < CALM_CONNECTIONS && reads < CALM_READS &&
      sight.steps - last.steps < CALM_STEPS;
    this.#calmLooks = isCalm ? this.#calmLooks + 1 : 0;
    this.#silentLooks = packets + connections + reads === 0 ? this.#silentLooks + 1 : 0;
    return isCalm;
  }

  /** Notes the memory in use after a collection. */
  settle(sight: Sight, usage: Deno.MemoryUsage): void {
    this.#settledBytes = looseBytes(sight, usage);
    this.#settledOutside = outsideBytes(usage);
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
  const collector = new Collector();
  const look = async () => {
    if (!rush.look(sightOf(server), Deno.memoryUsage, collector.cost)) return;
    if (!await collector.collect()) return clearInterval(timer);
    server.trimMemory();
    rush.settle(sightOf(server), Deno.memoryUsage());
  };
  const timer = setInterval(() => {
    void look();
    void learnHeapLimit(server);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** Asks V8 how large its heap may become, once there are so many subscriptions that it may matter: a broker at rest does not load that module. */
async function learnHeapLimit({ broker: { core } }: Server): Promise<void> {
  if (core.heapLimitBytes !== Infinity || core.subscriptionBytes < MANY_SUBSCRIPTION_BYTES) return;
  const { getHeapStatistics } = await import("node:v8");
  core.heapLimitBytes = getHeapStatistics().heap_size_limit;
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

/** Bytes of the process that are neither V8's heap nor buffers: code, what libc has, and pages that V8 keeps to use them again. */
function outsideBytes({ rss, heapTotal, external }: Deno.MemoryUsage): number {
  return rss - heapTotal - external;
}

/** Runs full collections. `deno task start` and the executable expose `gc`; elsewhere it is borrowed when it is needed. */
class Collector {
  #gc = (globalThis as { gc?: () => void }).gc;
  /** What the next collection costs. */
  cost: CollectionCost = this.#gc === undefined ? UNLOADED : EXPOSED;

  /** `false`: V8 cannot be asked for one. */
  async collect(): Promise<boolean> {
    if (this.#gc === undefined) {
      this.#gc = await borrowGc();
      this.cost = BORROWED;
    }
    this.#gc?.();
    return this.#gc !== undefined;
  }
}
