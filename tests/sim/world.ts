import {
  Broker,
  type BrokerOptions,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
  type LogPort,
  OPEN_ACCESS,
} from "../../lib/broker/mod.ts";
import type { Random } from "../support/random.ts";
import { isTakenFilter, isTakenTopic, matchesMounted } from "./appetite.ts";
import type { Chaos } from "./chaos.ts";
import { checkBooks, checkKeepAlive } from "./invariants.ts";
import { type Network, type Peer, SimLink } from "./link.ts";
import { type ConnectFacts, Violation } from "./records.ts";
import { Scheduler } from "./scheduler.ts";
import { type Found, Sessions } from "./sessions.ts";
import { snapshotOf } from "./snapshot.ts";
import { type DiskFault, type Durability, SimStore } from "./store.ts";
import { Trace } from "./trace.ts";

/** What differs from world to world. */
export interface WorldSettings {
  /** `undefined`: the broker has no store. */
  readonly maxCommitMs: number | undefined;
  readonly maxReadMs?: number;
  readonly loadsQueues?: boolean;
  readonly durability: Durability;
  readonly diskFault?: DiskFault | undefined;
  /** The longest that access control takes to answer; 0: at once. */
  readonly maxAuthenticationMs: number;
  readonly broker: Partial<BrokerOptions>;
  readonly listener: Partial<ListenerOptions>;
}

/** What a store has. */
export interface Stored {
  readonly sessions: number;
  readonly retained: number;
  /** Messages on their way to clients. */
  readonly deliveries: number;
  /** Packet ids of QoS 2 messages from clients that wait for their PUBREL. */
  readonly received: number;
}

/** How a broker ends without a word: its process is killed, or the machine has no power any more. */
export type CrashKind = "kill" | "power cut";

const POISON = 0xee;
const quiet = () => {};
const NO_LOG: LogPort = { debugOn: false, debug: quiet, info: quiet, warning: quiet, error: quiet };

/** The broker with all that it needs, and nothing of it real: clock, network, store, access control. */
export class World {
  readonly clock = new Scheduler();
  readonly trace: Trace;
  readonly sessions = new Sessions();
  readonly #settings: WorldSettings;
  readonly #listener: ListenerOptions;
  /** Connections that the broker has. */
  readonly #links = new Set<SimLink>();
  /** All links since the process began: some are still being written to. */
  #opened: SimLink[] = [];
  broker: Broker;
  readonly #store: SimStore | undefined;
  #wakeAtMs = Infinity;
  #isTurnOpen = false;
  readonly #poisoned: Uint8Array[] = [];
  #evicted = 0;
  #lastFailingMs = -Infinity;
  crashes = 0;
  diskFailures = 0;
  /** Power cuts that may have taken along what was acknowledged. */
  lossyCuts = 0;
  /** All on which there may be something retained. */
  readonly topics = new Set<string>();
  /** Messages that brokers have counted as dropped before they died. */
  #dropped = 0;
  /** Peers that broke the rules on purpose. */
  vandals = 0;
  /** Throws in the broker, now and then. */
  chaos: Pick<Chaos, "count" | "isOn"> | undefined;
  #chaosSeen = 0;
  readonly #jumps: { readonly atMs: number; readonly durationMs: number }[] = [];

  constructor(readonly random: Random, settings: WorldSettings, isTraced: boolean) {
    this.trace = new Trace(this.clock, isTraced);
    this.#settings = settings;
    this.#listener = { ...DEFAULT_LISTENER_OPTIONS, allowAnonymous: true, ...settings.listener };
    const { maxCommitMs, maxReadMs = 0, loadsQueues = true } = settings;
    this.#store = maxCommitMs === undefined ? undefined : new SimStore({
      clock: this.clock,
      random,
      durability: settings.durability,
      maxCommitMs,
      maxReadMs,
      loadsQueues,
      fault: settings.diskFault,
      turn: (action) => this.turn(action),
      snapshot: () => this.#snapshot(),
    }, "");
    this.broker = this.#boot();
  }

  /** How slow the disk is at most, and how many messages may be in flight to a client that sets no limit. */
  get pace(): {
    readonly maxCommitMs: number;
    readonly maxReadMs: number;
    readonly window: number;
  } {
    const { maxCommitMs = 0, maxReadMs = 0 } = this.#settings;
    const { maxInflightMessages } = this.broker.options;
    return {
      maxCommitMs,
      maxReadMs,
      window: maxInflightMessages === 0 ? 65_535 : maxInflightMessages,
    };
  }

  /** Whether a subscription gets a topic. */
  matches(topicFilter: string, topicName: string): boolean {
    return matchesMounted(this.#listener.mountPoint, topicFilter, topicName);
  }

  /** Whether the broker can take a filter, or a topic, which is one by itself. */
  takesFilter(wholeFilter: string): boolean {
    return isTakenFilter(this.#listener.mountPoint, wholeFilter);
  }

  takesTopic(topicName: string): boolean {
    return isTakenTopic(this.#listener.mountPoint, topicName);
  }

  get hasStore(): boolean {
    return this.#store !== undefined;
  }

  get dropped(): number {
    return this.#dropped + this.broker.metrics.droppedTotal;
  }

  /** How much is stored, when the commits under way are through: the store takes the question as a crash. */
  countStored(): Stored {
    while (this.#store !== undefined && this.#store.durableWrites < this.#store.writes) {
      this.clock.runFor(10);
    }
    const { sessions, retained } = this.#store?.load() ?? { sessions: [], retained: [] };
    const all = [...sessions];
    return {
      sessions: all.length,
      retained: [...retained].length,
      deliveries: all.reduce((sum, { deliveries, queue }) => {
        const waiting = deliveries.filter(({ packetId }) => packetId === 0).length;
        return sum + deliveries.length + (queue === undefined ? 0 : queue.messages - waiting);
      }, 0),
      received: all.reduce((sum, { received }) => sum + received.length, 0),
    };
  }

  openLink(peer: Peer, facts: ConnectFacts, network: Network): SimLink {
    const link = new SimLink(this, peer, facts, network);
    const { maxKeepAliveSeconds } = this.broker.options;
    if (facts.version === 5 && maxKeepAliveSeconds > 0) {
      const asked = facts.keepAliveSeconds === 0 ? Infinity : facts.keepAliveSeconds;
      link.keepAliveSeconds = Math.min(asked, maxKeepAliveSeconds);
    }
    this.turn((broker, nowMs) => {
      const connection = broker.accept(link, this.#listener, nowMs);
      if (connection === undefined) throw new Violation("The broker does not accept a connection");
      link.connection = connection;
      this.#links.add(link);
      this.#opened.push(link);
    });
    return link;
  }

  /** Something happens to the broker: the turn that it is part of ends behind all else that happens at this time. */
  turn(action: (broker: Broker, nowMs: number) => void): void {
    this.openTurn();
    const { nowMs } = this.clock;
    if (this.#wakeAtMs <= nowMs) {
      this.#wakeAtMs = Infinity;
      this.broker.tick(nowMs);
    }
    this.sessions.tick(nowMs, this.#writes);
    this.observe();
    checkKeepAlive(this.#links, nowMs);
    action(this.broker, nowMs);
    this.observe();
  }

  openTurn(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    const { broker } = this;
    this.clock.after(0, () => this.#endTurn(broker));
  }

  /** The broker may read these bytes until its turn ends, and must not after that. */
  poisonLater(bytes: Uint8Array): void {
    this.#poisoned.push(bytes);
  }

  /** Whether the disk could not be written at any time since then. */
  hasFailedSince(sinceMs: number): boolean {
    return this.#lastFailingMs >= sinceMs;
  }

  /** Tells the model which connections have begun and ended. */
  observe(): void {
    const { nowMs } = this.clock;
    if (this.#store?.isFailing === true) this.#lastFailingMs = nowMs;
    for (const link of this.#links) {
      if (link.isAdmitted && link.connection.state === "closed") this.#ended(link);
    }
    for (const link of this.#links) {
      if (!link.isAdmitted && link.connection.client !== null) {
        link.isAdmitted = true;
        this.trace.add(`${link.facts.clientId} is admitted`);
        this.sessions.admitted(link, nowMs, this.#writes);
      }
      if (link.connection.state === "closed") this.#ended(link);
    }
  }

  /** The machine sleeps: when it wakes up it is later. */
  sleep(durationMs: number): void {
    this.trace.add(`The machine sleeps for ${durationMs} ms`);
    this.#jumps.push({ atMs: this.clock.nowMs, durationMs });
    this.clock.jump(durationMs);
    this.turn(() => {});
  }

  /** For so long the machine slept, or there was no broker, since this time. */
  lateMs(sinceMs: number): number {
    let lateMs = 0;
    for (const { atMs, durationMs } of this.#jumps) if (atMs >= sinceMs) lateMs += durationMs;
    return lateMs;
  }

  /** Since when what was acknowledged may be lost with the power: with `interval` for a second in which the machine was awake. */
  get doubtfulSinceMs(): number {
    if (this.#settings.durability === "always") return Infinity;
    let leftMs = 1000;
    let untilMs = this.clock.nowMs;
    for (const { atMs, durationMs } of this.#jumps.toReversed()) {
      const awakeMs = untilMs - (atMs + durationMs);
      if (awakeMs >= leftMs) break;
      leftMs -= awakeMs;
      untilMs = atMs;
    }
    return untilMs - leftMs;
  }

  /** The disk cannot be written for so long. */
  failDisk(durationMs: number): void {
    this.trace.add(`The disk fails for ${durationMs} ms`);
    this.diskFailures++;
    this.#store!.fail(durationMs);
  }

  /** The process dies with all that was not committed, and another one takes over what the disk has. */
  crash(downMs: number, kind: CrashKind = "kill"): void {
    const store = this.#store!;
    this.trace.add(`Crash (${kind}), and the broker is back ${downMs} ms later`);
    checkBooks(this.broker, this.sessions, this.vandals);
    this.crashes++;
    this.#dropped = this.dropped;
    const survivor = kind === "kill" ? store.kill() : store.cutPower();
    for (const link of this.#opened.splice(0)) {
      link.isEnded = true;
      link.crash();
    }
    this.#links.clear();
    this.#isTurnOpen = false;
    this.#wakeAtMs = Infinity;
    this.#evicted = 0;
    this.#jumps.push({ atMs: this.clock.nowMs, durationMs: downMs });
    this.clock.jump(downMs);
    const { nowMs } = this.clock;
    this.broker = this.#boot();
    // A process that fails while it begins ends, and begins again.
    const wasOn = this.chaos?.isOn === true;
    if (wasOn) this.chaos!.isOn = false;
    this.broker.restore(store.load());
    if (wasOn) this.chaos!.isOn = true;
    if (this.#snapshot() !== survivor.snapshot) {
      const now = this.#snapshot();
      throw new Violation(`Not as after a commit:\n${now}\nbut it was:\n${survivor.snapshot}`);
    }
    const { writes, durableWrites } = store;
    const { willRecoveryDelaySeconds } = this.broker.options;
    const durability = { writes, durableWrites, willRecoveryDelaySeconds };
    this.sessions.crashed(nowMs, durability, (clientId) => this.#find(clientId));
    this.broker.tick(nowMs);
    this.turn(() => {});
  }

  #snapshot(): string {
    return snapshotOf(this.broker, this.topics, this.#listener.mountPoint, this.#apart);
  }

  /** What waits in the store alone, as its writes up to now have it. */
  readonly #apart = (clientId: string, afterSequence: number): number[] =>
    this.#store?.apart(clientId, afterSequence) ?? [];

  get #writes(): number {
    return this.#store?.writes ?? 0;
  }

  #boot(): Broker {
    const { maxAuthenticationMs, broker: options } = this.#settings;
    const { clock, random } = this;
    const broker: Broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...options }, {
      log: NO_LOG,
      access: {
        ...OPEN_ACCESS,
        authenticate: (_, reply) => {
          const delayMs = random.int(maxAuthenticationMs + 1);
          if (delayMs === 0) return reply({ isAllowed: true });
          clock.after(delayMs, () => {
            if (broker === this.broker) this.turn(() => reply({ isAllowed: true }));
          });
        },
      },
      ...(this.#store === undefined ? {} : { store: this.#store }),
      randomId: () => String(random.int(1_000_000)),
      wake: (atMs) => this.#wake(atMs),
      beginTurn: () => {
        this.openTurn();
        return clock.nowMs;
      },
    }, clock.nowMs);
    return broker;
  }

  #wake(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.clock.at(atMs, () => {
      if (this.#wakeAtMs === atMs) this.turn(() => {});
    });
  }

  #endTurn(broker: Broker): void {
    if (broker !== this.broker) return;
    this.#isTurnOpen = false;
    broker.endTurn();
    this.observe();
    for (const bytes of this.#poisoned.splice(0)) bytes.fill(POISON);
    checkBooks(this.broker, this.sessions, this.vandals);
  }

  #find(clientId: string): Found | undefined {
    const client = this.broker.clients.get(clientId);
    if (client === undefined) return undefined;
    const expiresAtMs = client.expiry?.atMs ?? Infinity;
    return { expirySeconds: client.session.expirySeconds, expiresAtMs };
  }

  #ended(link: SimLink): void {
    this.#links.delete(link);
    link.isEnded = true;
    if (!link.isAdmitted) return;
    this.trace.add(`${link.facts.clientId} is not connected any more`);
    if (!this.#isExplained(link)) {
      throw new Violation(
        `The broker ended the connection of ${link.facts.clientId} for no reason`,
      );
    }
    this.sessions.ended(link, this.clock.nowMs, this.#writes);
  }

  #isExplained(link: SimLink): boolean {
    const { disconnect, facts, keepAliveSeconds } = link;
    if (link.isLost || disconnect !== undefined && link.handledBytes >= disconnect.endBytes) {
      return true;
    }
    // Before 5.0 there is no other way to say that a message cannot be stored.
    if (facts.version < 5 && this.#lastFailingMs === this.clock.nowMs) return true;
    const silentMs = this.clock.nowMs - link.lastReceivedMs;
    if (keepAliveSeconds > 0 && silentMs >= keepAliveSeconds * 1500) return true;
    for (const other of this.#links) {
      const isNew = !other.isAdmitted && other.connection.client !== null;
      if (isNew && other.facts.clientId === facts.clientId) return true;
    }
    // A fault of the broker's own costs one connection.
    const faults = this.chaos?.count ?? 0;
    if (faults > this.#chaosSeen) {
      this.#chaosSeen = faults;
      return true;
    }
    const { slowClientsEvicted } = this.broker.metrics;
    if (slowClientsEvicted > this.#evicted) {
      this.#evicted++;
      return true;
    }
    return this.broker.options.queueFullPolicy === "disconnect";
  }
}
