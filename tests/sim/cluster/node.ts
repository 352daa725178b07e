import {
  Broker,
  type BrokerOptions,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
  type LogPort,
  OPEN_ACCESS,
} from "../../../lib/broker/mod.ts";
import { ClusterNode, hostOf } from "../../../lib/cluster/mod.ts";
import { startOf } from "../../../lib/cluster/open_log.ts";
import { positionOf } from "../../../lib/cluster/position.ts";
import type { Random } from "../../support/random.ts";
import { type Far, type LinkHost, NodeLink } from "../bridge/node.ts";
import type { Scheduler } from "../scheduler.ts";
import { type DiskInit, diskOfOne, SimStore } from "../store.ts";
import { SimEngine, type SimLog } from "./engine.ts";
import { needsSnapshot, takeSnapshot } from "./snapshots.ts";

/** How a stored position begins. */
const SEQUENCE = /^\{"sequence":(\d+),/;
const LISTENER: ListenerOptions = { ...DEFAULT_LISTENER_OPTIONS, allowAnonymous: true };

/** What a node is like. */
export interface NodeInit {
  readonly name: string;
  readonly clock: Scheduler;
  readonly random: Random;
  readonly log: SimLog;
  readonly maxCommitMs: number;
  readonly options: Partial<BrokerOptions>;
  readonly isolationTimeoutMs: number;
  /** What it says to an operator. */
  readonly lines: LogPort;
  /** It has applied this record. */
  readonly applied: (node: ClusterSimNode, sequence: number) => void;
  /** The log does not reach back to it any more while it runs: it has to start anew. Absent: that does not happen. */
  readonly fellBehind?: (node: ClusterSimNode) => void;
}

const quiet = () => {};
/** A node to which nothing happens, and which says nothing. */
export const CALM_NODE: Omit<NodeInit, "name" | "clock" | "random" | "log"> = {
  maxCommitMs: 0,
  options: {},
  isolationTimeoutMs: 30_000,
  lines: { debugOn: false, debug: quiet, info: quiet, warning: quiet, error: quiet },
  applied: quiet,
};

/** A disk that tells how far the log is applied. */
class NodeStore extends SimStore {
  onPosition: (position: string) => void = () => {};
  /** The last one of this process. */
  position = "";

  override putPosition(position: string): void {
    super.putPosition(position);
    this.position = position;
    this.onPosition(position);
  }
}

/** A broker that is a node of a cluster, with a clock, a disk and servers that are not real. It is killed, paused and cut off. */
export class ClusterSimNode implements LinkHost {
  readonly name: string;
  readonly clock: Scheduler;
  readonly links = new Set<NodeLink>();
  store: NodeStore;
  broker!: Broker;
  cluster!: ClusterNode;
  engine!: SimEngine;
  /** Its process is there; it has joined, and lets clients in. */
  isUp = false;
  isIn = false;
  isPaused = false;
  /** When its processes were killed, paused or cut off. */
  readonly disturbedMs: number[] = [];
  /** When it was down: from the end of a process until the next one had joined. */
  readonly downs: { readonly fromMs: number; toMs: number }[] = [];
  readonly #init: NodeInit;
  readonly #disk: DiskInit;
  #process = 0;
  #held: (() => void)[] = [];
  #wakeAtMs = Infinity;
  #isTurnOpen = false;
  #isCut = false;

  constructor(init: NodeInit) {
    this.#init = init;
    this.name = init.name;
    this.clock = init.clock;
    const { clock, random, maxCommitMs } = init;
    const at = (atMs: number, run: () => void) => clock.at(atMs, () => this.#whenAwake(run));
    this.#disk = diskOfOne({
      clock: {
        get nowMs() {
          return clock.nowMs;
        },
        at,
      },
      random,
      maxCommitMs,
      turn: (action) => this.turn(action),
    });
    this.store = new NodeStore(this.#disk, "");
    this.start();
  }

  /** All is well with it from now on. */
  mend(): void {
    this.start();
    this.resume();
    this.heal();
  }

  /** Its process begins, with what the disk has. */
  start(): void {
    if (this.isUp) return;
    const { name, log, lines, isolationTimeoutMs, clock, options, random } = this.#init;
    this.isUp = true;
    const process = ++this.#process;
    const state = this.store.load();
    const later = (delayMs: number, run: () => void) => this.#later(process, delayMs, run);
    const { fellBehind } = this.#init;
    let hasBegun = false;
    this.cluster = new ClusterNode({
      options: {
        places: [],
        credentials: { kind: "none" },
        caCerts: [],
        name: "sim",
        node: name,
        replicas: 3,
        maxLogBytes: 1e9,
        isolationTimeoutMs,
      },
      log: lines,
      store: this.store,
      position: state.position,
      ...fellBehind === undefined ? {} : { fellBehind: () => fellBehind(this) },
      nowMs: () => clock.nowMs,
      timers: {
        after: (delayMs, run) => cancellable(later, delayMs, run),
        every: (periodMs, run) => repeated(later, periodMs, run),
      },
      newEngine: (events) =>
        this.engine = new SimEngine(log, later, {
          ...events,
          onConnect: (server) => {
            events.onConnect(server);
            if (!hasBegun) this.#begin(process, state.position);
            hasBegun = true;
          },
        }),
    });
    this.store.position = state.position ?? "";
    this.store.onPosition = (text) => {
      // Read in haste: it comes with each record.
      const sequence = Number(SEQUENCE.exec(text)![1]);
      if (!text.includes('"entries":')) this.#init.applied(this, sequence);
    };
    this.broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...options }, {
      log: lines,
      access: OPEN_ACCESS,
      store: this.cluster.store,
      cluster: this.cluster.port,
      randomId: () => String(random.int(1_000_000)),
      wake: (atMs) => this.#wake(atMs, process),
      beginTurn: () => {
        this.turn(() => {});
        return clock.nowMs;
      },
    }, clock.nowMs);
    this.broker.restore(state);
    this.turn((broker, nowMs) => broker.tick(nowMs));
    if (!this.#isCut) this.engine.heal();
  }

  /** The process is killed, or the machine loses its power. */
  crash(isPowerCut: boolean): void {
    this.disturbed();
    if (this.isIn) this.downs.push({ fromMs: this.clock.nowMs, toMs: Infinity });
    this.#process++;
    this.isUp = this.isIn = this.isPaused = false;
    this.#held = [];
    this.links.clear();
    this.#isTurnOpen = false;
    this.#wakeAtMs = Infinity;
    void this.engine.close();
    if (isPowerCut) this.store.cutPower();
    else this.store.kill();
  }

  /** Its process is not there, and neither is the disk any more: the next one has a new disk. */
  loseDisk(): void {
    this.store = new NodeStore(this.#disk, "");
  }

  /** The process stands still, and all that comes to it waits. */
  pause(): void {
    this.disturbed();
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.disturbed();
    this.isPaused = false;
    for (const run of this.#held.splice(0)) this.#whenAwake(run);
  }

  /** It reaches no server. */
  cut(): void {
    if (this.#isCut) return;
    this.disturbed();
    this.#isCut = true;
    if (this.isUp) this.engine.cut();
  }

  heal(): void {
    if (!this.#isCut) return;
    this.disturbed();
    this.#isCut = false;
    if (this.isUp) this.engine.heal();
  }

  disturbed(): void {
    this.disturbedMs.push(this.clock.nowMs);
  }

  accept(far: Far): NodeLink | undefined {
    const link = new NodeLink(this, far);
    this.turn((broker, nowMs) => {
      const connection = broker.accept(link, LISTENER, nowMs);
      if (connection !== undefined) link.connection = connection;
    });
    if (link.connection === undefined) return undefined;
    this.links.add(link);
    return link;
  }

  later(run: () => void): void {
    this.#later(this.#process, 0, () => this.turn(run));
  }

  /** Something comes to the process from outside, or is done by it later. */
  arrive(run: () => void, delayMs = 0): void {
    this.#later(this.#process, delayMs, run);
  }

  turn(action: (broker: Broker, nowMs: number) => void): void {
    const { nowMs } = this.clock;
    this.#openTurn();
    if (this.#wakeAtMs <= nowMs) {
      this.#wakeAtMs = Infinity;
      this.broker.tick(nowMs);
    }
    action(this.broker, nowMs);
  }

  #openTurn(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    this.#later(this.#process, 0, () => {
      this.#isTurnOpen = false;
      this.broker.endTurn();
    });
  }

  #begin(process: number, stored: string | undefined): void {
    const { info, snapshot } = this.#init.log;
    if (snapshot !== undefined && needsSnapshot(snapshot, info, stored)) {
      // It has nothing to lose: no client was let in.
      this.crash(false);
      takeSnapshot(snapshot, this.store);
      return this.start();
    }
    const start = startOf({ log: this.#init.lines }, positionOf(stored), info);
    const host = hostOf({
      broker: this.broker,
      clusterTurn: () => {
        this.#openTurn();
        this.broker.nowMs = this.clock.nowMs;
        return this.broker.fromCluster;
      },
    });
    this.cluster.begin(host, { info, ...start }, () => {
      if (process !== this.#process) return;
      this.isIn = true;
      const last = this.downs.at(-1);
      if (last !== undefined) last.toMs = this.clock.nowMs;
    });
  }

  #later(process: number, delayMs: number, run: () => void): void {
    this.clock.after(delayMs, () =>
      this.#whenAwake(() => {
        if (process === this.#process) run();
      }));
  }

  #whenAwake(run: () => void): void {
    if (this.isPaused) this.#held.push(run);
    else run();
  }

  #wake(atMs: number, process: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#later(process, atMs - this.clock.nowMs, () => {
      if (this.#wakeAtMs === atMs) this.turn(() => {});
    });
  }
}

type Later = (delayMs: number, run: () => void) => void;

function cancellable(later: Later, delayMs: number, run: () => void): () => void {
  let isOff = false;
  later(delayMs, () => {
    if (!isOff) run();
  });
  return () => void (isOff = true);
}

function repeated(later: Later, periodMs: number, run: () => void): () => void {
  let isOff = false;
  const next = () =>
    later(periodMs, () => {
      if (isOff) return;
      run();
      next();
    });
  next();
  return () => void (isOff = true);
}
