import {
  type AccessPort,
  Broker,
  type BrokerOptions,
  type ClusterPort,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
  type LogPort,
  OPEN_ACCESS,
  type StoredState,
} from "../../lib/broker/mod.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { TestLink } from "./test_link.ts";

/** What a test wants to be different from the defaults. */
export interface Setup {
  readonly options?: Partial<BrokerOptions>;
  readonly listener?: Partial<ListenerOptions>;
  /** Listeners of their own, by the name of the link; who shares one shares the object. */
  readonly listeners?: Readonly<Record<string, Partial<ListenerOptions>>>;
  /** Whether there is a store, so that something waits for commits. */
  readonly store?: boolean;
  readonly access?: Partial<AccessPort>;
  /** Absent: the broker is no node of a cluster. */
  readonly cluster?: ClusterPort;
  /** Steps of a turn, and of the least part of everybody: few, and all that is long is cut. */
  readonly steps?: readonly [turn: number, least: number];
  /** Absent: each turn is a round of its own. */
  readonly afterRound?: (done: () => void) => void;
}

/** A line of the log. */
export interface LogLine {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the clock shows at first: not 0, so that no time is falsy. */
const START_MS = 1_000_000;
/** Turns that may follow from one event. A broker that never settles is a fault, not a reason to wait. */
const MAX_TURNS = 100_000;

/**
 * The real broker on simulated ports: a clock that moves when the test says so, links that keep what is written to them, and a
 * store that can hold its commits back. Every input is a turn of its own; it returns when nothing is left to do at this time.
 */
export class TestBroker {
  broker: Broker;
  readonly store: TestStore | undefined;
  readonly links: TestLink[] = [];
  /** What the broker has logged, the lines for whoever looks into one connection left out. */
  readonly log: LogLine[] = [];
  nowMs = START_MS;
  /** Called after every turn: what it does happens between two. */
  betweenTurns: () => void = () => {};
  /** The next process may have another. */
  setup: Setup;
  readonly #listeners = new Map<Partial<ListenerOptions> | undefined, ListenerOptions>();
  readonly #lent: Uint8Array[] = [];
  #wakeAtMs = Infinity;
  #randomIds = 0;

  constructor(setup: Setup = {}) {
    this.setup = setup;
    this.store = setup.store === true ? new TestStore() : undefined;
    this.broker = this.#newBroker();
  }

  /** The process ends without a word, and another begins with what the store has. */
  crash(): void {
    const state = this.store!.crash();
    for (const link of this.links) link.isLost = true;
    this.links.length = 0;
    this.#wakeAtMs = this.nowMs;
    this.broker = this.#newBroker();
    this.broker.restore(state);
    this.settle();
  }

  #newBroker(): Broker {
    const broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...this.setup.options }, {
      log: this.#logPort(),
      access: { ...OPEN_ACCESS, ...this.setup.access },
      ...(this.store === undefined ? {} : { store: this.store }),
      ...(this.setup.cluster === undefined ? {} : { cluster: this.setup.cluster }),
      randomId: () => `random-${++this.#randomIds}`,
      wake: (atMs) => this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs),
      ...(this.setup.afterRound === undefined ? {} : { afterRound: this.setup.afterRound }),
    }, this.nowMs);
    const { work } = broker.core;
    if (this.setup.steps !== undefined) [work.turnSteps, work.leastSteps] = this.setup.steps;
    return broker;
  }

  #logPort(): LogPort {
    const write = (level: LogLine["level"]) => (message: string, fields = {}) =>
      void this.log.push({ level, message, fields });
    const [info, warning, error] = [write("info"), write("warning"), write("error")];
    return { debugOn: false, debug: () => {}, info, warning, error };
  }

  /** A client's stream to the broker. The name chooses the listener. */
  open(name = ""): TestLink {
    const link = new TestLink(this, `192.0.2.1:${1024 + this.links.length}`);
    this.links.push(link);
    link.connection = this.broker.accept(link, this.#listener(name), this.nowMs);
    if (link.connection === undefined) link.isClosed = true;
    return link;
  }

  /** Lets the time pass. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.#wakeAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeAtMs);
      this.settle();
    }
    this.nowMs = untilMs;
    this.#wakeAtMs = untilMs; // A tick that nobody asked for does no harm.
    this.settle();
  }

  /** Does something from outside, an answer of a port perhaps, and ends the turn. */
  turn(act: () => void): void {
    this.broker.nowMs = this.nowMs;
    act();
    this.settle();
  }

  /** Ends the turn and all that follow from it at this time. */
  settle(): void {
    this.#endTurn();
    for (let i = 0; i < MAX_TURNS; i++) {
      const written = this.links.filter((link) => link.takeWritten());
      const isDue = this.#wakeAtMs <= this.nowMs;
      const isOpen = this.links.some((link) => link.takeResumed());
      if (written.length === 0 && !isDue && !isOpen) return;
      for (const link of written) {
        this.broker.drained(link.connection!, this.nowMs);
        link.flush();
      }
      if (isDue) {
        this.#wakeAtMs = Infinity;
        this.broker.tick(this.nowMs);
      }
      this.#endTurn();
    }
    throw new Error("The broker does not come to rest");
  }

  /** The broker has read these bytes: they are valid until its turn ends, and spoilt then. */
  lend(bytes: Uint8Array): void {
    this.#lent.push(bytes);
  }

  #endTurn(): void {
    const lent = this.#lent.splice(0);
    this.broker.endTurn();
    for (const bytes of lent) bytes.fill(0xee);
    this.betweenTurns();
  }

  #listener(name: string): ListenerOptions {
    const special = this.setup.listeners?.[name];
    let listener = this.#listeners.get(special);
    if (listener === undefined) {
      const base = { ...DEFAULT_LISTENER_OPTIONS, name: "test", allowAnonymous: true };
      listener = { ...base, ...this.setup.listener, ...special };
      this.#listeners.set(special, listener);
    }
    return listener;
  }
}

/** A store in memory whose commits wait where the test wants it. */
export class TestStore extends MemoryStore {
  /** While set, commits are done only by `commitNext`. */
  isHolding = false;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    super((run) => {
      if (this.isHolding) this.#waiting.push(run);
      else run();
    });
  }

  /** Commits that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The oldest commit that waits is done. */
  commitNext(): void {
    const run = this.#waiting.shift();
    if (run === undefined) throw new Error("No commit waits");
    run();
  }

  /** The process ends: what waits will never be done. */
  crash(): StoredState {
    this.#waiting.length = 0;
    return this.load();
  }
}
