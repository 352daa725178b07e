import {
  type AccessPort,
  Broker,
  type BrokerOptions,
  type Connection,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type Link,
  type ListenerOptions,
  type LogPort,
  OPEN_ACCESS,
  type Store,
} from "../../lib/broker/mod.ts";
import { decodePacket, frameLength, type Packet } from "../../lib/codec/mod.ts";

/** What a test wants to be different from the defaults. */
export interface Setup {
  readonly options?: Partial<BrokerOptions>;
  readonly listener?: Partial<ListenerOptions>;
  /** Listeners of their own, by the name of the link; who shares one shares the object. */
  readonly listeners?: Readonly<Record<string, Partial<ListenerOptions>>>;
  /** Whether there is a store, so that something waits for commits. */
  readonly store?: boolean;
  readonly access?: Partial<AccessPort>;
}

/** What the clock shows at first: not 0, so that no time is falsy. */
const START_MS = 1_000_000;
/** Turns that may follow from one event. A broker that never settles is a fault, not a reason to wait. */
const MAX_TURNS = 100_000;

const SILENT: LogPort = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};

/**
 * The real broker on simulated ports: a clock that moves when the test says so, links that keep what is written to them, and a
 * store that can hold its commits back. Every input is a turn of its own; it returns when nothing is left to do at this time.
 */
export class TestBroker {
  readonly broker: Broker;
  readonly store: TestStore | undefined;
  readonly links: TestLink[] = [];
  nowMs = START_MS;
  readonly #setup: Setup;
  readonly #listeners = new Map<Partial<ListenerOptions> | undefined, ListenerOptions>();
  readonly #lent: Uint8Array[] = [];
  #wakeAtMs = Infinity;
  #randomIds = 0;

  constructor(setup: Setup = {}) {
    this.#setup = setup;
    this.store = setup.store === true ? new TestStore() : undefined;
    this.broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...setup.options }, {
      log: SILENT,
      access: setup.access === undefined ? OPEN_ACCESS : accessPort(setup.access),
      ...(this.store === undefined ? {} : { store: this.store }),
      randomId: () => `random-${++this.#randomIds}`,
      wake: (atMs) => this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs),
    }, this.nowMs);
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
  }

  #listener(name: string): ListenerOptions {
    const special = this.#setup.listeners?.[name];
    let listener = this.#listeners.get(special);
    if (listener === undefined) {
      const base = { ...DEFAULT_LISTENER_OPTIONS, name: "test", allowAnonymous: true };
      listener = { ...base, ...this.#setup.listener, ...special };
      this.#listeners.set(special, listener);
    }
    return listener;
  }
}

/** The client's end of a simulated stream. */
export class TestLink implements Link {
  connection: Connection | undefined;
  /** The broker has closed it, or would not have it. */
  isClosed = false;
  /** The client has gone. */
  isLost = false;
  /** Whether the client takes what is written to it. */
  isReading = true;
  readonly #test: TestBroker;
  /** Sent by the client, not yet taken by the broker. */
  #sent = new Uint8Array();
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #received = new Uint8Array();
  #hasWritten = false;
  #hasResumed = false;

  constructor(test: TestBroker, readonly remoteAddress: string) {
    this.#test = test;
  }

  /** The client sends bytes. */
  send(bytes: Uint8Array): void {
    this.#sent = concat(this.#sent, bytes);
    this.#handle();
    this.#test.settle();
  }

  /** The client's stream ends without a word. */
  lose(): void {
    this.isLost = true;
    this.connection?.dropOutput();
    if (this.connection !== undefined) this.#test.broker.lost(this.connection, this.#test.nowMs);
    this.#test.settle();
  }

  /** A client that has stopped reading takes so many bytes more, or all from now on. */
  read(count?: number): void {
    this.isReading = count === undefined;
    if (this.#writing !== undefined) this.#write(count);
    this.#test.settle();
  }

  /** Takes the packets that have arrived. */
  take(): Packet[] {
    const packets: Packet[] = [];
    const bytes = this.#received;
    let at = 0;
    for (;;) {
      const length = frameLength(bytes, at, bytes.length, Infinity);
      if (length === 0 || at + length > bytes.length) break;
      packets.push(decodePacket(bytes, at, at + length, this.connection!.protocolVersion));
      at += length;
    }
    this.#received = bytes.slice(at);
    return packets;
  }

  /** Takes the bytes that have arrived, packets or not. */
  takeBytes(): Uint8Array {
    const bytes = this.#received;
    this.#received = new Uint8Array();
    return bytes;
  }

  flush(): void {
    if (this.#writing !== undefined || this.isLost) return;
    if (this.connection!.ready.length === 0) return;
    this.#writing = this.connection!.beginWrite();
    if (this.isReading) this.#write();
  }

  close(): void {
    this.isClosed = true;
  }

  resume(): void {
    this.#hasResumed = true;
    this.#handle();
  }

  /** Whether a write came to its end since the last call. */
  takeWritten(): boolean {
    const hasWritten = this.#hasWritten;
    this.#hasWritten = false;
    return hasWritten;
  }

  /** Whether the broker took bytes of its own accord since the last call. */
  takeResumed(): boolean {
    const hasResumed = this.#hasResumed;
    this.#hasResumed = false;
    return hasResumed;
  }

  #handle(): void {
    const { connection } = this;
    if (connection === undefined || connection.isStopped || this.isClosed || this.isLost) return;
    const bytes = this.#sent;
    const { broker, nowMs } = this.#test;
    const at = broker.receive(connection, bytes, 0, bytes.length, nowMs);
    this.#sent = bytes.slice(at);
    this.#test.lend(bytes);
  }

  #write(count?: number): void {
    const connection = this.connection!;
    const bytes = this.#writing!;
    const length = Math.min(count ?? Infinity, connection.writingBytes);
    this.#received = concat(this.#received, bytes.subarray(0, length));
    connection.wrote(length, this.#test.nowMs);
    if (connection.writingBytes > 0) {
      bytes.copyWithin(0, length);
      return;
    }
    this.#writing = undefined;
    this.#test.broker.pool.give(bytes);
    this.#hasWritten = true;
  }
}

/** A store that remembers what it was told, and can let its commits wait. */
export class TestStore implements Store {
  writes = 0;
  isFailing = false;
  /** While set, commits are done only by `commitNext`. */
  isHolding = false;
  /** Every write, as `putSession a`. */
  readonly journal: string[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Commits that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  commit(done: () => void): void {
    if (this.isHolding) this.#waiting.push(done);
    else done();
  }

  /** The oldest commit that waits is done. */
  commitNext(): void {
    const done = this.#waiting.shift();
    if (done === undefined) throw new Error("No commit waits");
    done();
  }

  putSession = this.#note("putSession");
  deleteSession = this.#note("deleteSession");
  putSubscription = this.#note("putSubscription");
  deleteSubscription = this.#note("deleteSubscription");
  putDelivery = this.#note("putDelivery");
  putInFlight = this.#note("putInFlight");
  deleteDelivery = this.#note("deleteDelivery");
  putReceived = this.#note("putReceived");
  deleteReceived = this.#note("deleteReceived");
  putRetained = this.#note("putRetained");
  deleteRetained = this.#note("deleteRetained");
  putWill = this.#note("putWill");
  deleteWill = this.#note("deleteWill");

  #note(what: string): (key: unknown, ...rest: unknown[]) => void {
    return (key) => {
      this.writes++;
      this.journal.push(typeof key === "string" ? `${what} ${key}` : what);
    };
  }
}

function accessPort(partial: Partial<AccessPort>): AccessPort {
  return { ...OPEN_ACCESS, ...partial };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
