import {
  Broker,
  type BrokerOptions,
  type Connection,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type Link,
  type ListenerOptions,
  type LogPort,
  OPEN_ACCESS,
} from "../../../lib/broker/mod.ts";
import type { Random } from "../../support/random.ts";
import type { Scheduler } from "../scheduler.ts";
import { diskOfOne, SimStore } from "../store.ts";

const quiet = () => {};
const NO_LOG: LogPort = { debugOn: false, debug: quiet, info: quiet, warning: quiet, error: quiet };
const LISTENER: ListenerOptions = { ...DEFAULT_LISTENER_OPTIONS, allowAnonymous: true };

/** Where the bytes of a connection go. */
export interface Far {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What a connection needs of the broker that it is to. */
export interface LinkHost {
  readonly broker: Broker;
  readonly clock: { readonly nowMs: number };
  readonly links: Set<NodeLink>;
  later(run: () => void): void;
  turn(action: (broker: Broker, nowMs: number) => void): void;
}

/** One connection to a node: a `Link` as the real ones are. */
export class NodeLink implements Link {
  readonly remoteAddress = "192.0.2.7:1024";
  connection!: Connection;
  readonly #node: LinkHost;
  readonly #far: Far;
  #left: Uint8Array = new Uint8Array(0);
  #isClosed = false;

  constructor(node: LinkHost, far: Far) {
    this.#node = node;
    this.#far = far;
  }

  flush(): void {
    const { outbox } = this.connection;
    if (this.#isClosed || outbox.writingBytes > 0 || outbox.ready.length === 0) return;
    const bytes = outbox.beginWrite();
    const count = outbox.writingBytes;
    this.#far.send(bytes.subarray(0, count));
    this.#node.later(() => {
      outbox.wrote(count, this.#node.clock.nowMs);
      this.#node.broker.pool.give(bytes);
      this.#node.broker.drained(this.connection, this.#node.clock.nowMs);
      this.flush();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#far.close();
  }

  resume(): void {
    this.receive(new Uint8Array(0));
  }

  receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#node.links.has(this) === false) return;
    const whole = new Uint8Array(this.#left.length + bytes.length);
    whole.set(this.#left);
    whole.set(bytes, this.#left.length);
    this.#left = whole;
    if (this.connection.isStopped) return;
    this.#node.turn((broker, nowMs) => {
      const at = broker.receive(this.connection, whole, 0, whole.length, nowMs);
      this.#left = whole.slice(at);
    });
  }

  lost(): void {
    if (this.#isClosed || !this.#node.links.delete(this)) return;
    this.#node.turn((broker, nowMs) => broker.lost(this.connection, nowMs));
  }
}

/** A broker with a clock and a disk that are not real; it may crash and come back. */
export class Node {
  broker: Broker;
  readonly links = new Set<NodeLink>();
  readonly #random: Random;
  readonly #store: SimStore;
  readonly #options: Partial<BrokerOptions>;
  #wakeAtMs = Infinity;
  #isTurnOpen = false;
  /** Which process this is. */
  process = 0;
  isUp = true;

  constructor(
    readonly clock: Scheduler,
    random: Random,
    maxCommitMs: number,
    options: Partial<BrokerOptions>,
  ) {
    this.#random = random;
    this.#options = options;
    this.#store = new SimStore(
      diskOfOne({
        clock,
        random,
        maxCommitMs,
        turn: (action) => this.turn(action),
      }),
      "",
    );
    this.broker = this.#boot();
  }

  accept(far: Far, listener: ListenerOptions = LISTENER): NodeLink | undefined {
    const link = new NodeLink(this, far);
    this.turn((broker, nowMs) => {
      const connection = broker.accept(link, listener, nowMs);
      if (connection !== undefined) link.connection = connection;
    });
    if (link.connection === undefined) return undefined;
    this.links.add(link);
    return link;
  }

  /** In this process, at this time, behind all else. */
  later(run: () => void): void {
    const { process } = this;
    this.clock.after(0, () => {
      if (process === this.process) this.turn(run);
    });
  }

  turn(action: (broker: Broker, nowMs: number) => void): void {
    const { nowMs } = this.clock;
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      const { process } = this;
      this.clock.after(0, () => {
        if (process === this.process) this.#endTurn();
      });
    }
    if (this.#wakeAtMs <= nowMs) {
      this.#wakeAtMs = Infinity;
      this.broker.tick(nowMs);
    }
    action(this.broker, nowMs);
  }

  /** The process is killed, or the machine loses its power. */
  crash(isPowerCut: boolean): void {
    this.process++;
    this.isUp = false;
    this.links.clear();
    this.#isTurnOpen = false;
    this.#wakeAtMs = Infinity;
    if (isPowerCut) this.#store.cutPower();
    else this.#store.kill();
  }

  /** Another process takes over what the disk has. */
  restart(): void {
    this.isUp = true;
    this.broker = this.#boot();
    this.broker.restore(this.#store.load());
    this.turn((broker, nowMs) => broker.tick(nowMs));
  }

  #endTurn(): void {
    this.#isTurnOpen = false;
    this.broker.endTurn();
  }

  #boot(): Broker {
    const { process } = this;
    return new Broker({ ...DEFAULT_BROKER_OPTIONS, ...this.#options }, {
      log: NO_LOG,
      access: OPEN_ACCESS,
      store: this.#store,
      randomId: () => String(this.#random.int(1_000_000)),
      wake: (atMs) => this.#wake(atMs, process),
      beginTurn: () => {
        this.turn(() => {});
        return this.clock.nowMs;
      },
    }, this.clock.nowMs);
  }

  #wake(atMs: number, process: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.clock.at(atMs, () => {
      if (this.#wakeAtMs === atMs && process === this.process) this.turn(() => {});
    });
  }
}
