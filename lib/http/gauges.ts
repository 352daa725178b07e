import process from "node:process";
import type { Distribution } from "../broker/mod.ts";
import { LoopDelay, type ProcessLevels, type SysLevels } from "../observe/mod.ts";

/** Time between two samples, milliseconds. */
const SAMPLE_MS = 1000;
/** Samples for one point of the history. */
const SAMPLES_PER_POINT = 10;
/** Points kept: an hour. */
const MAX_POINTS = 360;

/** The values that the page shows for one moment. Rates are per second. */
export interface GaugeValues {
  /** The time of the sample, milliseconds since 1970. */
  readonly atMs: number;
  /** Clients that are connected. */
  readonly clients: number;
  /** Sessions. */
  readonly sessions: number;
  /** Subscriptions. */
  readonly subscriptions: number;
  /** Retained messages. */
  readonly retained: number;
  /** Bytes of retained messages. */
  readonly retainedBytes: number;
  /** PUBLISH packets received. */
  readonly receivedRate: number;
  /** PUBLISH packets sent. */
  readonly sentRate: number;
  /** Bytes received. */
  readonly receivedBytesRate: number;
  /** Bytes sent. */
  readonly sentBytesRate: number;
  /** Messages dropped. */
  readonly droppedRate: number;
  /** Messages dropped since the start. */
  readonly dropped: number;
  /** Bytes that wait in sessions. */
  readonly queuedBytes: number;
  /** Bytes not yet written to connections. */
  readonly bufferedBytes: number;
  /** Resident memory, bytes. */
  readonly memoryBytes: number;
  /** Processors in use: 1 is one whole processor. */
  readonly cpu: number;
  /** The median delay of the event loop in the last minute, seconds. */
  readonly loopDelayP50: number;
  /** The 99th percentile of these delays, seconds. */
  readonly loopDelayP99: number;
  /** The median time through the broker of the messages measured lately, seconds. */
  readonly latencyP50: number;
  /** The 99th percentile of these times, seconds. */
  readonly latencyP99: number;
  /** Commits; 0 without a store. */
  readonly commitRate: number;
  /** The 99th percentile of the time of recent commits, seconds; 0 without a store. */
  readonly commitP99: number;
  /** Bytes of the database in use; 0 without a store. */
  readonly storeBytes: number;
}

/** Counters that rates are computed from. */
interface Counters {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly dropped: number;
  readonly commits: number;
  readonly cpuMs: number;
}

/** Samples of the present and of the last hour: one a second, and a point of the history every ten. */
export class Gauges {
  /** Measures how late the event loop is. */
  readonly loopDelay: LoopDelay = new LoopDelay();
  readonly #read: () => SysLevels;
  readonly #latency: Distribution;
  readonly #now: () => number;
  readonly #listeners = new Set<(values: GaugeValues) => void>();
  readonly #history: GaugeValues[] = [];
  #before: Counters;
  #atPoint: Counters;
  #latest: GaugeValues;
  #samples = 0;

  /** `read` returns counters and levels; `latency` has the time messages take, seconds; `now` returns milliseconds since 1970. */
  constructor(read: () => SysLevels, latency: Distribution, now: () => number) {
    this.#read = read;
    this.#latency = latency;
    this.#now = now;
    this.#before = this.#atPoint = this.#counters(read());
    this.#latest = this.#values(read(), this.#before, this.#before);
  }

  /** Begins to sample; the returned function ends it. */
  start(): () => void {
    const stopDelay = this.loopDelay.start();
    const timer = setInterval(() => this.sample(), SAMPLE_MS);
    return () => {
      clearInterval(timer);
      stopDelay();
    };
  }

  /** The last sample. */
  get latest(): GaugeValues {
    return this.#latest;
  }

  /** The rates of the last sample with the present levels. */
  get current(): GaugeValues {
    return { ...this.#latest, ...levelGauges(this.#read()) };
  }

  /** The points of the last hour, the oldest first. */
  get history(): readonly GaugeValues[] {
    return this.#history;
  }

  /** Calls `tell` with each new sample; the returned function ends it. */
  watch(tell: (values: GaugeValues) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** Takes a sample. */
  sample(): void {
    const levels = this.#read();
    const counters = this.#counters(levels);
    this.#latest = this.#values(levels, counters, this.#before);
    this.#before = counters;
    if (this.#samples++ % SAMPLES_PER_POINT === 0) {
      // Uses rates since the previous point, so that everything between is included.
      this.#history.push(this.#values(levels, counters, this.#atPoint));
      this.#atPoint = counters;
      if (this.#history.length > MAX_POINTS) this.#history.shift();
    }
    for (const tell of this.#listeners) tell(this.#latest);
  }

  #counters({ metrics, store }: SysLevels): Counters {
    const { user, system } = process.cpuUsage();
    return {
      atMs: this.#now(),
      received: metrics.publishReceived,
      sent: metrics.publishSent,
      receivedBytes: metrics.bytesReceived,
      sentBytes: metrics.bytesSent,
      dropped: metrics.droppedTotal,
      commits: store?.commits ?? 0,
      cpuMs: (user + system) / 1000,
    };
  }

  #values(levels: SysLevels, now: Counters, before: Counters): GaugeValues {
    const seconds = (now.atMs - before.atMs) / 1000;
    const rate = (name: Exclude<keyof Counters, "atMs">) =>
      seconds <= 0 ? 0 : (now[name] - before[name]) / seconds;
    return {
      ...levelGauges(levels),
      atMs: Math.round(now.atMs),
      receivedRate: rate("received"),
      sentRate: rate("sent"),
      receivedBytesRate: rate("receivedBytes"),
      sentBytesRate: rate("sentBytes"),
      droppedRate: rate("dropped"),
      memoryBytes: Deno.memoryUsage().rss,
      cpu: rate("cpuMs") / 1000,
      loopDelayP50: this.loopDelay.quantile(0.5),
      loopDelayP99: this.loopDelay.quantile(0.99),
      latencyP50: this.#latency.quantile(0.5),
      latencyP99: this.#latency.quantile(0.99),
      commitP99: levels.store?.commitSeconds.quantile(0.99) ?? 0,
      commitRate: rate("commits"),
    };
  }
}

/** The values that are not rates. */
function levelGauges(levels: SysLevels) {
  return {
    clients: levels.connectedCount,
    sessions: levels.sessionCount,
    subscriptions: levels.subscriptionCount,
    retained: levels.retainedCount,
    retainedBytes: levels.retainedBytes,
    dropped: levels.metrics.droppedTotal,
    queuedBytes: levels.queuedBytes,
    bufferedBytes: levels.bufferedBytes,
    storeBytes: levels.store?.usedBytes ?? 0,
  };
}

/** Reads what the process uses now. */
export async function processLevels(): Promise<ProcessLevels> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = Deno.memoryUsage();
  return {
    cpuSeconds: { user: user / 1e6, system: system / 1e6 },
    residentBytes: rss,
    heapBytes: heapUsed,
    startSeconds: performance.timeOrigin / 1000,
    ...await openDescriptors(),
  };
}

/** Counts open descriptors on Linux, if the process may read that directory. */
async function openDescriptors(): Promise<{ openDescriptors?: number }> {
  try {
    let count = 0;
    for await (const _ of Deno.readDir("/proc/self/fd")) count++;
    return { openDescriptors: count };
  } catch {
    return {};
  }
}
