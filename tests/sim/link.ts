import type { Connection, Link } from "../../lib/broker/mod.ts";
import { concat, Pipe } from "./pipe.ts";
import type { ConnectFacts, DisconnectFacts, Incarnation } from "./records.ts";
import type { World } from "./world.ts";

/** The client's end of a link. */
export interface Peer {
  onBytes(link: SimLink, bytes: Uint8Array): void;
  /** The link is gone, whoever ended it. */
  onEnd(link: SimLink): void;
}

/** How good a network is. */
export interface Network {
  /** The longest that bytes take, one way. */
  readonly maxDelayMs: number;
  /** Bytes that fit between the broker and a client that does not read. */
  readonly capacityBytes: number;
}

/**
 * How a link ends: the client resets it; the network loses it and both learn of that; only the client does, and the broker
 * has to find out.
 */
export type CutKind = "reset" | "lost" | "silent";

/** Overwrites what nobody may look at any more. */
const POISON = 0xee;
const EMPTY = new Uint8Array(0);

/** A Network Connection: the broker's end is a `Link` as the real ones are, the client's end is a few calls. */
export class SimLink implements Link {
  readonly remoteAddress: string;
  connection!: Connection;
  readonly #world: World;
  readonly #network: Network;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #peer: Peer | undefined;

  /** Bytes that the client wrote, and how many of them the broker has handled. */
  sentBytes = 0;
  handledBytes = 0;
  readonly openedAtMs: number;
  /** When the broker read last, and when it last did not want to. */
  lastReceivedMs: number;
  stoppedMs = 0;
  /** The broker knows that the peer is gone. */
  isLost = false;
  /** The broker has accepted its CONNECT; the connection is over. */
  isAdmitted = false;
  isEnded = false;
  admittedAtMs = 0;
  disconnect: DisconnectFacts | undefined;
  /** What the CONNACK has to say, and the session that the connection has. */
  isPresentExpected = false;
  incarnation: Incarnation | undefined;
  /** The keep-alive that counts, seconds. */
  keepAliveSeconds: number;

  /** Read by the broker and not yet handled. */
  #unhandled: Uint8Array = EMPTY;
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #writingLength = 0;
  #written = 0;
  #isClosing = false;
  #isBroken = false;

  constructor(world: World, peer: Peer, readonly facts: ConnectFacts, network: Network) {
    this.#world = world;
    this.#peer = peer;
    this.#network = network;
    this.remoteAddress = facts.clientId;
    this.openedAtMs = this.lastReceivedMs = world.clock.nowMs;
    this.keepAliveSeconds = facts.keepAliveSeconds;
    const { clock, random } = world;
    const { maxDelayMs } = network;
    this.#up = new Pipe(
      clock,
      random,
      maxDelayMs,
      (bytes) => this.#read(bytes),
      () => this.#lose(),
    );
    this.#down = new Pipe(clock, random, maxDelayMs, (bytes) => {
      this.#peer?.onBytes(this, bytes);
      this.#progress();
    }, () => this.#peer?.onEnd(this));
  }

  /** Bytes are on their way to the broker, which it will read. */
  get isReadable(): boolean {
    return !this.#isBroken && !this.#isClosing;
  }

  // The client's end.

  write(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    this.#up.send(bytes);
  }

  /** Closes in order: what was written arrives. */
  finish(): void {
    this.#peer = undefined;
    this.#up.finish();
    this.#down.isPaused = false;
  }

  cut(kind: CutKind): void {
    const peer = this.#peer;
    this.#up.cut(kind === "silent");
    if (kind === "lost") {
      this.#down.isPaused = false;
      return this.#down.cut();
    }
    // The client is gone at once, and nothing comes through to it.
    this.#peer = undefined;
    if (kind === "silent") this.#down.isPaused = true;
    else this.#down.drop();
    peer?.onEnd(this);
  }

  /** The client takes no notice any more, though the network carries on. */
  abandon(): void {
    this.#peer = undefined;
  }

  set isReading(isReading: boolean) {
    this.#down.isPaused = !isReading;
  }

  // The broker's end.

  flush(): void {
    if (this.#writing !== undefined || this.#isBroken) return;
    const { connection } = this;
    if (connection.outbox.ready.length === 0) return;
    this.#writingLength = connection.outbox.ready.length;
    this.#writing = connection.outbox.beginWrite();
    this.#written = 0;
    this.#world.clock.after(this.#world.random.int(3), () => this.#progress());
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#isBroken) this.#down.finish();
    else if (this.#writing === undefined && this.connection.outbox.ready.length === 0) {
      this.#down.finish();
    }
  }

  resume(): void {
    this.stoppedMs = this.#world.clock.nowMs;
    if (this.#isClosing || this.#unhandled.length === 0) return;
    this.#world.openTurn();
    this.#handle();
  }

  /** The broker's process is dead; what it gave to the network may still arrive. */
  crash(): void {
    this.#isBroken = true;
    this.#up.drop();
    this.#down.isPaused = false;
    this.#down.cut();
  }

  #read(bytes: Uint8Array): void {
    if (this.#isBroken || this.#isClosing) return;
    this.#unhandled = concat(this.#unhandled, bytes);
    // A stopped connection is not read; it resumes with what came in the meantime.
    if (!this.connection.isStopped) this.#world.turn(() => this.#handle());
  }

  #handle(): void {
    const bytes = this.#unhandled;
    const { broker, clock } = this.#world;
    this.lastReceivedMs = clock.nowMs;
    const start = broker.receive(this.connection, bytes, 0, bytes.length, clock.nowMs);
    this.handledBytes += start;
    this.#unhandled = start === bytes.length ? EMPTY : bytes.slice(start);
    this.#world.poisonLater(bytes);
    this.#world.observe();
  }

  /** The network takes what it has room for. */
  #progress(): void {
    if (this.#writing === undefined || this.#isBroken) return;
    const room = this.#network.capacityBytes - this.#down.pendingBytes;
    const left = this.#writingLength - this.#written;
    const count = Math.min(room, left);
    // The client's reading goes on here. A real network does not send single bytes into each gap either: a full pipe would fall into
    // ever smaller pieces.
    if (count <= 0 || count < Math.min(left, this.#network.capacityBytes >> 8)) return;
    this.#world.turn((broker, nowMs) => {
      const bytes = this.#writing!;
      const { connection } = this;
      this.#down.send(bytes.slice(this.#written, this.#written + count));
      this.#written += count;
      connection.outbox.wrote(count, nowMs);
      if (this.#written < this.#writingLength) return;
      this.#writing = undefined;
      bytes.fill(POISON, 0, this.#writingLength);
      broker.pool.give(bytes);
      broker.drained(connection, nowMs);
      if (connection.outbox.ready.length > 0) this.flush();
      else if (this.#isClosing) this.#down.finish();
    });
  }

  /** The broker's end sees the end of the stream, or that it is broken. */
  #lose(): void {
    if (this.#isBroken) return;
    this.isLost = true;
    const isReset = this.#world.random.bool();
    if (this.#isClosing) return this.#down.finish();
    this.#world.turn((broker, nowMs) => {
      if (isReset) {
        this.#isBroken = true;
        this.connection.outbox.discard();
      }
      broker.lost(this.connection, nowMs);
    });
  }
}
