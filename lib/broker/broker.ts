import { encodeText, NameCache, ReasonCode } from "../codec/mod.ts";
import type { Delivery, Message } from "../session/mod.ts";
import { BufferPool } from "./byte_buffer.ts";
import type { Client } from "./client.ts";
import { Congestion } from "./congestion.ts";
import { type CloseReason, Connection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { deliver, drain, dropUnreadable, mayRead } from "./deliver.ts";
import { Fanout } from "./fanout.ts";
import { closeAll, disconnect } from "./lifecycle.ts";
import type { MessageHub, MessageInit } from "./message.ts";
import { Metrics } from "./metrics.ts";
import type { BrokerOptions, ListenerOptions } from "./options.ts";
import type { BrokerPorts, ClientIdentity, Link, Store, StoredState } from "./ports.ts";
import { publishMessage } from "./publish.ts";
import { hostOf, limitsAddresses, Rates, stopFor } from "./rates.ts";
import { receive } from "./receive.ts";
import { Releases } from "./releases.ts";
import { restore } from "./restore.ts";
import { RetainedMessages } from "./retained.ts";
import { pumpRetained } from "./retained_pump.ts";
import { Router, type Target } from "./router.ts";
import { rewatch } from "./watch.ts";

/**
 * The deterministic core: everything that happens does so in a call of `receive`, `drained`, `tick` or of a port's answer, and
 * what it sends and stores leaves in `endTurn`. The same calls with the same times give the same bytes.
 */
export class Broker implements MessageHub {
  /** Counters since the start. */
  readonly metrics: Metrics = new Metrics();
  /** Output buffers of all connections. */
  readonly pool: BufferPool = new BufferPool();
  /** Everything that is due at some time. */
  readonly deadlines: Deadlines = new Deadlines();
  /** Topic Names seen lately, so that a repeated one is not decoded anew. */
  readonly names: NameCache = new NameCache();
  /**
   * Who subscribed to what.
   * @internal
   */
  readonly router: Router;
  /**
   * The last message of each topic that asked for it.
   * @internal
   */
  readonly retained: RetainedMessages;
  /** Sessions, connected or not, by Client Identifier. */
  readonly clients: Map<string, Client> = new Map();
  /** Network Connections, those before their CONNECT included. */
  readonly connections: Set<Connection> = new Set();
  /** Absent: nothing outlives the process. */
  readonly store: Store | undefined;
  /**
   * What waits for its commits.
   * @internal
   */
  readonly releases: Releases = new Releases(() => this.endTurn());
  /** The time of the turn, milliseconds. */
  nowMs: number;
  /** Connections that got past CONNECT. */
  connectedCount = 0;
  /** Bytes queued for sessions. */
  queuedBytes = 0;
  /** What waits to be written, and who waits for it to get less. */
  readonly congestion: Congestion = new Congestion(this);
  /** Nobody comes in any more. */
  isShuttingDown = false;
  /** The next delivery's place in the order of the store. */
  nextSequence = 1;

  /** A program's subscription is being called. */
  isDelivering = false;
  /** What programs published meanwhile. */
  #published: Message[] = [];

  readonly #fanout = new Fanout();
  readonly #rates = new Rates();
  readonly #perListener = new Map<ListenerOptions, number>();
  #dirty: Connection[] = [];
  #closing: Connection[] = [];
  /** Clients that a policy disconnects at the turn's end. */
  #leaving: [Connection, CloseReason][] = [];
  /** Clients with retained messages to deliver in the next turn. */
  readonly #pumping = new Set<Client>();

  #options: BrokerOptions;

  /** `nowMs`: the clock's time, which later calls continue. */
  constructor(options: BrokerOptions, readonly ports: BrokerPorts, nowMs: number) {
    this.#options = options;
    this.nowMs = nowMs;
    this.store = ports.store;
    this.router = new Router(options, {
      get version() {
        return ports.access.version;
      },
      mayRead: (client, topicName) => mayRead(ports.access, client, topicName),
    });
    this.retained = new RetainedMessages(this);
  }

  /** Bytes not yet written to connections. */
  get bufferedBytes(): number {
    return this.congestion.bufferedBytes;
  }

  /** What holds now. */
  get options(): BrokerOptions {
    return this.#options;
  }

  /**
   * Other settings and limits from now on. What was granted before stays granted; `hashMatchesParent`, `allowDuplicateMessages` and
   * `maxTopicLevels` stay as they are, since the routes depend on them.
   */
  reconfigure(options: BrokerOptions): void {
    const { hashMatchesParent, allowDuplicateMessages, maxTopicLevels } = this.#options;
    this.#options = { ...options, hashMatchesParent, allowDuplicateMessages, maxTopicLevels };
  }

  /**
   * Rights have changed: clients for whom `mayStay` does not hold are disconnected, and what waits for a client that may not
   * read it any more is dropped. Subscriptions stay, mute where nothing under them may be read: a mistake in a file, corrected
   * a minute later, has then cost nobody a subscription. A turn of its own.
   */
  recheckAccess(mayStay: (client: ClientIdentity) => boolean, nowMs: number): void {
    this.nowMs = nowMs;
    const { checksTopics } = this.ports.access;
    for (const client of [...this.clients.values()]) {
      const { connection } = client;
      if (connection !== null && !mayStay(client.identity)) {
        const reason = { reasonCode: ReasonCode.NotAuthorized, message: "Rights were taken away" };
        disconnect(connection, reason);
      }
      if (checksTopics && !client.isRestored) dropUnreadable(client);
    }
    this.endTurn();
  }

  /** An answer that came from outside begins a turn: what time is it? */
  beginTurn(): void {
    const { beginTurn } = this.ports;
    if (beginTurn !== undefined) this.nowMs = beginTurn();
  }

  /** Puts back what a store remembers: before the first connection. */
  restore(state: StoredState): void {
    restore(this, state);
  }

  /** A Network Connection was accepted. `undefined`: there are too many, close it. */
  accept(link: Link, listener: ListenerOptions, nowMs: number): Connection | undefined {
    this.nowMs = nowMs;
    const count = this.#perListener.get(listener) ?? 0;
    const over = Math.max(
      beyond(count, listener.maxConnections),
      beyond(this.connections.size, this.options.globalMaxConnections),
    );
    // A few beyond the limit are heard, to be told why; more than that would be a way around it.
    if (this.isShuttingDown || over >= 16) return undefined;
    const host = hostOf(link.remoteAddress);
    const waitMs = limitsAddresses(this.options) ? this.#rates.enter(host, this.options, nowMs) : 0;
    if (waitMs === undefined) return undefined;
    const connection = new Connection(this, link, listener, nowMs);
    connection.rates = this.#rates.inflow(host, this.options, nowMs);
    connection.isOverLimit = over >= 0;
    this.connections.add(connection);
    this.#perListener.set(listener, count + 1);
    this.metrics.connectionsAccepted++;
    if (waitMs > 0) stopFor(connection, waitMs);
    this.deadlines.set(
      connection.watch,
      nowMs + waitMs + this.options.connectTimeoutSeconds * 1000,
    );
    this.#wake();
    return connection;
  }

  /**
   * Handles the packets in `bytes[start, end)` and returns where the first byte stands that it left: an unfinished packet, or
   * what a stopped connection waits with. The bytes may be reused after the turn.
   */
  receive(
    connection: Connection,
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): number {
    this.nowMs = nowMs;
    return receive(connection, bytes, start, end);
  }

  /** The peer is gone, or its stream failed. Calling it again does nothing. */
  lost(connection: Connection, nowMs: number): void {
    this.nowMs = nowMs;
    disconnect(connection, undefined);
  }

  /** The link has written all that it took: what waited for room may come. */
  drained(connection: Connection, nowMs: number): void {
    this.nowMs = nowMs;
    this.congestion.account(connection);
    if (connection.state !== "connected" || connection.client === null) return;
    drain(connection.client);
    if (connection.client.retained.length > 0) pumpRetained(connection.client);
  }

  /** The time is `nowMs`: everything due happens. */
  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.deadlines.run(nowMs);
    this.#wake();
  }

  /** Ends the turn: commits what was written, sends what may leave. */
  endTurn(): void {
    for (const [connection, reason] of this.#leaving.splice(0)) disconnect(connection, reason);
    // Those that these lead to are for the next turn: a program that answers itself for ever stalls nobody.
    for (const message of this.#published.splice(0)) {
      publishMessage(this, message, this.router.route(message.topicName)!, null);
    }
    if (this.#pumping.size > 0) this.#pumpAll();
    if (this.store !== undefined) this.releases.commit(this.store);
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) {
      connection.isDirty = false;
      if (connection.ready.length > 0) connection.link.flush();
      this.congestion.account(connection);
      if (connection.writingBytes > 0 && connection.state !== "closed") rewatch(connection);
    }
    if (this.#closing.length > 0) this.#closeLinks();
    this.congestion.relieve(() => this.#closeLinks());
    this.#wake();
  }

  /** DISCONNECT 0x8B to all; nobody else comes in. */
  shutDown(nowMs: number): void {
    this.nowMs = nowMs;
    this.isShuttingDown = true;
    closeAll(this, ReasonCode.ServerShuttingDown, "Server is shutting down");
    this.endTurn();
  }

  /** Publishes for the program around the broker. {@linkcode MessageHub.publish} */
  publish(init: MessageInit): void {
    const { topicName, payload, qos = 0, retain = false, properties } = init;
    const seconds = init.messageExpiryIntervalSeconds;
    const message: Message = {
      topicName,
      payload,
      qos,
      retain,
      properties,
      expiresAtMs: seconds === undefined ? Infinity : this.nowMs + seconds * 1000,
      publisherId: "",
    };
    const route = this.router.route(topicName);
    if (route === undefined) {
      throw new TypeError(`Cannot publish to "${topicName}": not a Topic Name`);
    }
    // From within a subscription's call: after the message that it was called with has reached everybody.
    if (this.isDelivering) this.#published.push({ ...message, payload: payload.slice() });
    else publishMessage(this, message, route, null);
  }

  /** {@linkcode MessageHub.subscribe} */
  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void {
    return this.router.subscribeLocal(topicFilter, deliver);
  }

  /**
   * The one fan-out, for the message that is routed now.
   * @internal
   */
  get fanout(): Fanout {
    return this.#fanout;
  }

  /** How long a client that is let in waits for its CONNACK, milliseconds: it connects too often. */
  connectWaitMs(clientId: string): number {
    return this.#rates.connectWaitMs(clientId, this.options, this.nowMs);
  }

  /** The connection has something to send at the end of the turn. */
  markDirty(connection: Connection): void {
    connection.isDirty = true;
    this.#dirty.push(connection);
  }

  /** The connection has something that waits for the commit of this turn. */
  markHolding(connection: Connection): void {
    this.releases.hold(connection);
  }

  /** The connection is through: its link is closed once the turn's packets are with it. */
  markClosing(connection: Connection): void {
    const { listener } = connection;
    this.#rates.leave(hostOf(connection.link.remoteAddress));
    this.#perListener.set(listener, this.#perListener.get(listener)! - 1);
    this.releases.forget(connection);
    this.#closing.push(connection);
  }

  /** Disconnects when the turn ends: in the middle of routing a message nobody comes or goes. */
  disconnectLater(connection: Connection, reason: CloseReason): void {
    this.#leaving.push([connection, reason]);
  }

  /** An answer that the connection was stopped for is there: what it sent in the meantime is handled. */
  goOn(connection: Connection): void {
    if (connection.isReceiving) return; // The answer came at once.
    if (connection.state !== "closed") connection.link.resume();
    this.endTurn();
  }

  /**
   * Delivers to another member of a shared subscription what one could not take.
   * @internal
   */
  redeliver(target: Target, delivery: Delivery): void {
    const { message } = delivery;
    this.#fanout.begin(message, encodeText(message.topicName), true, this.nowMs, message);
    deliver(this, target, message, this.#fanout);
  }

  /** The client's retained messages go on in this turn's end, and in those that follow. */
  markPumping(client: Client): void {
    this.#pumping.add(client);
  }

  #closeLinks(): void {
    for (const connection of this.#closing.splice(0)) {
      connection.link.close();
      this.congestion.account(connection);
    }
  }

  #pumpAll(): void {
    const clients = [...this.#pumping];
    this.#pumping.clear();
    for (const client of clients) pumpRetained(client);
  }

  #wake(): void {
    const nextMs = this.deadlines.nextMs;
    if (nextMs !== Infinity) this.ports.wake(nextMs);
    if (this.#pumping.size > 0 || this.#published.length > 0) this.ports.wake(this.nowMs);
  }
}

/** How many there are beyond a limit, of which -1 is none. */
function beyond(count: number, limit: number): number {
  return limit < 0 ? -Infinity : count - limit;
}
