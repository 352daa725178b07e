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

/** The settings that a test changes. */
export interface Setup {
  readonly options?: Partial<BrokerOptions>;
  readonly listener?: Partial<ListenerOptions>;
  /** Listener options by the name of the link; links that share a listener share the object. */
  readonly listeners?: Readonly<Record<string, Partial<ListenerOptions>>>;
  /** Whether there is a store, so that packets wait for commits. */
  readonly store?: boolean;
  readonly access?: Partial<AccessPort>;
  /** Default: no cluster. */
  readonly cluster?: ClusterPort;
  /** The steps of a turn, and the least share of each connection. With few steps all long work is cut. */
  readonly steps?: readonly [turn: number, least: number];
  /** Default: each turn is a round of its own. */
  readonly afterRound?: (done: () => void) => void;
}

/** A line of the log. */
export interface LogLine {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The first time of the clock; not 0, so that no time is falsy. */
const START_MS = 1_000_000;
/** Turns that may follow one event. A broker that never settles is faulty, so the test must not wait forever. */
const MAX_TURNS = 100_000;

/**
 * The real broker on simulated ports: a clock that the test moves, links that keep the bytes written to them, and a store whose commits can
 * be held back. Every input is a turn of its own, and returns when nothing is left to do at this time.
 */
export class TestBroker {
  broker: Broker;
  readonly store: TestStore | undefined;
  readonly links: TestLink[] = [];
  /** The broker's log, without the lines that only trace one connection. */
  readonly log: LogLine[] = [];
  nowMs = START_MS;
  /** Called after every turn, before the next. */
  betweenTurns: () => void = () => {};
  /** May be changed for the next process. */
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

  /** Ends the process without notice, and begins another with the contents of the store. */
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

  /** Opens a client's stream to the broker. The name selects the listener. */
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
    this.#wakeAtMs = untilMs; // An extra tick does no harm.
    this.settle();
  }

  /** Runs an action from outside, such as an answer of a port, and ends the turn. */
  turn(act: () => void): void {
    this.broker.nowMs = this.nowMs;
    act();
    this.settle();
  }

  /** Ends the turn and all turns that follow from it at this time. */
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

  /** Notes bytes that the broker has read: they are valid until its turn ends, and overwritten then. */
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

/** A store in memory whose commits a test can hold back. */
export class TestStore extends MemoryStore {
  /** While set, commits complete only by `commitNext`. */
  isHolding = false;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    super((run) => {
      if (this.isHolding) this.#waiting.push(run);
      else run();
    });
  }

  /** The number of waiting commits. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Completes the oldest waiting commit. */
  commitNext(): void {
    const run = this.#waiting.shift();
    if (run === undefined) throw new Error("No commit waits");
    run();
  }

  /** Ends the process: waiting commits never complete. */
  crash(): StoredState {
    this.#waiting.length = 0;
    return this.load();
  }
}
