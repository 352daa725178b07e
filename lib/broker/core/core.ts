import { NameCache, type Packet } from "../../codec/mod.ts";
import { FlightBook, type Message } from "../../session/mod.ts";
import { errorText } from "../ground/error_text.ts";
import { BufferPool } from "../ground/byte_buffer.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { Deadlines } from "../ground/deadlines.ts";
import { Fanout } from "../ground/fanout.ts";
import { Latency } from "../ground/latency.ts";
import { LongPackets } from "../ground/long_packets.ts";
import { Metrics } from "../ground/metrics.ts";
import { AUTOMATIC, type BrokerOptions, type ListenerOptions } from "../ground/options.ts";
import type { BrokerPorts, ClusterPort, Store } from "../ground/ports.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import { hostOf } from "../ground/rate.ts";
import type { Client, Connection, Turn } from "../state/connection.ts";
import type { StopReason } from "../state/stops.ts";
import { AliasBook } from "./alias_book.ts";
import { Congestion } from "./congestion.ts";
import { Events } from "./events.ts";
import { Hooks } from "./hooks.ts";
import { LongFanOuts } from "./long_fan_outs.ts";
import { NameBook } from "./name_book.ts";
import { type Observer, Observers } from "./observers.ts";
import { Publishers } from "./publishers.ts";
import { QueueBook } from "./queue_book.ts";
import { Rates } from "./rates.ts";
import { Releases } from "./releases.ts";
import { RetainedMessages } from "./retained.ts";
import { Router } from "./router.ts";
import { SessionCounts } from "./session_counts.ts";
import { WillBook } from "./will_book.ts";
import { STEPS, Work } from "./work.ts";

/**
 * What all handlers share: the state of the broker, and lists of the work to do when the turn ends. It does not import services or
 * handlers; `Broker` calls them.
 */
export class Core implements Turn {
  /** Counters since the start. */
  readonly metrics: Metrics = new Metrics();
  /** Output buffers of all connections. */
  readonly pool: BufferPool = new BufferPool();
  /** All deadlines: keep-alives, expiries and delays. */
  readonly deadlines: Deadlines = new Deadlines();
  /** Topic Names seen lately, so that a repeated one is not decoded anew. */
  readonly names: NameCache = new NameCache();
  /** Finds the subscriptions that match a topic. */
  readonly router: Router;
  /** The retained messages. */
  readonly retained: RetainedMessages;
  /** Who has published them. */
  readonly publishers: Publishers = new Publishers();
  /** Sessions, connected or not, by Client Identifier. */
  readonly clients: Map<string, Client> = new Map();
  /** How many sessions each user, or address, has. */
  readonly sessionCounts: SessionCounts = new SessionCounts();
  /** The bytes of long Client Identifiers, user names and owners of all sessions. */
  readonly longNames: NameBook = new NameBook();
  /** Network Connections, those before their CONNECT included. */
  readonly connections: Set<Connection> = new Set();
  /** How many Network Connections each listener has. */
  readonly perListener: Map<ListenerOptions, number> = new Map();
  /** Absent: nothing outlives the process. */
  readonly store: Store | undefined;
  /** The cluster, if there is one; without one the cost is a comparison. */
  readonly cluster: ClusterPort | null;
  /** What waits for the store's commits. */
  readonly releases: Releases;
  /** The number and bytes of all messages that are queued in sessions. */
  readonly queues: QueueBook = new QueueBook();
  /** The bytes that wait to be written to connections, and the publishers that wait until there are fewer. */
  readonly congestion: Congestion = new Congestion(this);
  /** The rate limits of addresses and clients. */
  readonly rates: Rates = new Rates();
  /** The fan-out of the message that is being routed now. */
  readonly fanout: Fanout = new Fanout();
  /** Messages that go to more receivers than one turn has time for. */
  readonly longFanOuts: LongFanOuts = new LongFanOuts();
  /** Packets that are handled in parts. */
  readonly longPackets: LongPackets = new LongPackets();
  /** The Topic Aliases of all clients. */
  readonly aliases: AliasBook = new AliasBook();
  /** The wills of all clients. */
  readonly wills: WillBook = new WillBook();
  /** Clients that were connected to the previous process, and of which only the will was stored, by Client Identifier. */
  readonly lostClients: Map<string, Client> = new Map();
  /** Counts what the turn has cost so far. */
  readonly work: Work = new Work();
  /** The hooks of the program around the broker. */
  readonly hooks: Hooks;
  /** The events that a program listens to. */
  readonly events: Events;
  /** The time of the turn, milliseconds. */
  nowMs: number;
  /** Connections whose CONNECT was accepted. */
  connectedCount = 0;
  /** Memory of the subscriptions of all sessions, bytes. */
  subscriptionBytes = 0;
  /** The largest size of the heap, bytes, where it is known. */
  heapLimitBytes = Infinity;
  /** The broker is shutting down: new clients are refused. */
  isShuttingDown = false;
  /** Bridges with a queue that is not empty, and a policy that refuses publishers when it is full. */
  readonly waitingBridges: Set<Client> = new Set();
  /** The `sequence` of the next delivery: its place in the order of the store. */
  nextSequence = 1;
  /** The observers of what happens in the core; `null`: there are none, which costs a comparison. */
  observers: Observers | null = null;
  /** Whether there are observers, or the time of the current message is measured: one question for both. */
  isObserved = false;
  /** Measures how long messages take through the broker. */
  readonly latency: Latency = new Latency();
  /** Packets are being handled, or a function of the program is running: what a program asks for now is done when the turn ends. */
  isBusy = false;
  /** Connections that have waited for steps have their turn now. */
  isResuming = false;
  /** What programs asked for while `isBusy`. */
  readonly asked: (() => void)[] = [];

  /** What programs published while `isBusy`. */
  readonly published: Message[] = [];
  /** Connections with something to send. */
  dirty: Connection[] = [];
  /** Connections that have ended, and whose links are still to be closed. */
  readonly closing: Connection[] = [];
  /** Connections to end when the turn ends, with the reason. */
  readonly leaving: [Connection, CloseReason][] = [];
  /** Connections that have used their share of a turn, in the order in which they continue. */
  readonly postponed: Connection[] = [];
  /** Ended sessions, with their subscriptions that are still in the router. */
  readonly dismantling: { readonly client: Client; readonly filters: Iterator<string> }[] = [];
  /** What is in flight to all clients. */
  readonly flights: FlightBook;
  /** Clients with nothing in flight whose next message is so large that it waits until less is in flight to others. */
  readonly waitingForFlight: Set<Client> = new Set();
  /** Clients with retained messages to deliver. */
  readonly pumping: Set<Client> = new Set();
  readonly #endTurn: () => void;

  /** `nowMs`: the clock's time, which later calls continue. `endTurn`: ends a turn that an answer from outside has begun. */
  constructor(
    public options: BrokerOptions,
    readonly ports: BrokerPorts,
    nowMs: number,
    endTurn: () => void,
  ) {
    this.nowMs = nowMs;
    this.flights = new FlightBook(options.maxTotalInflightBytes);
    this.store = ports.store;
    this.cluster = ports.cluster ?? null;
    this.hooks = new Hooks({
      call: (call) => this.call(call),
      failed: (name, { clientId }, error) => {
        this.metrics.programErrors++;
        const text = errorText(error);
        ports.log.error(`A hook ${name} has failed`, { clientId, error: text });
      },
    });
    const observe = (observer: Observer) => this.observe(observer);
    this.events = new Events({ log: ports.log, metrics: this.metrics, observe });
    this.#endTurn = endTurn;
    this.releases = new Releases(endTurn);
    const { access } = ports;
    access.useLog?.(ports.log);
    this.router = new Router(
      options,
      {
        get version() {
          return access.version;
        },
        mayRead: (client, topicName) => this.mayRead(client, topicName),
      },
      (steps) => this.work.spend(steps * STEPS.node),
      this.cluster ?? undefined,
    );
    this.retained = new RetainedMessages(this);
  }

  /**
   * Whether a message may go to the client. A client that was restored from the store and has not connected since has no known
   * identity: its messages are queued, and access is checked when it connects. The check is charged to the turn.
   */
  mayRead({ identity, isRestored }: Client, topicName: string): boolean {
    const { access } = this.ports;
    if (!access.checksTopics) return true;
    this.work.spend(STEPS.check * (access.stepsPerCheck ?? 1));
    return isRestored || identity.isBridge === true || access.mayRead(identity, topicName);
  }

  /** Begins a turn for an answer that came from outside, and reads the clock. */
  beginTurn(): void {
    const { beginTurn } = this.ports;
    if (beginTurn !== undefined) this.nowMs = beginTurn();
  }

  /** The connection has something to send at the end of the turn. */
  markDirty(connection: Connection): void {
    connection.outbox.isDirty = true;
    this.dirty.push(connection);
  }

  /** The connection has something that waits for the commit of this turn. */
  markHolding(connection: Connection): void {
    this.releases.hold(connection);
  }

  /** Bytes that count against `max_total_queued_bytes`: queues in memory, wills, Topic Aliases and long names. */
  get totalQueuedBytes(): number {
    return this.queues.heldBytes + this.wills.bytes + this.aliases.bytes + this.longNames.bytes;
  }

  /** The most bytes that `subscriptionBytes` may come to; 0: no limit. */
  get maxSubscriptionBytes(): number {
    const { maxTotalSubscriptionBytes } = this.options;
    if (maxTotalSubscriptionBytes >= 0) return maxTotalSubscriptionBytes;
    return Math.min(AUTOMATIC.totalSubscriptionBytes, this.heapLimitBytes / 4);
  }

  /** The packet that the connection handles in parts, if there is one, is through or given up. */
  endLongPacket(connection: Connection): void {
    this.longPackets.end(connection.unfinished);
    connection.unfinished = null;
  }

  /** The connection has ended: its link is closed when it has taken the packets of the turn. */
  markClosing(connection: Connection): void {
    const { listener } = connection;
    this.rates.leave(hostOf(connection.link.remoteAddress));
    const left = this.perListener.get(listener)! - 1;
    // Delete the entry at 0, because a program may create a listener for each client.
    if (left > 0) this.perListener.set(listener, left);
    else this.perListener.delete(listener);
    this.releases.cancel(connection);
    this.aliases.remove(connection.incomingAliases);
    this.congestion.throttled.delete(connection);
    this.endLongPacket(connection);
    this.closing.push(connection);
  }

  /** Takes other options. */
  change(options: BrokerOptions): void {
    this.options = options;
    this.flights.maxBytes = options.maxTotalInflightBytes;
  }

  /** The client has a session from here on. */
  addClient(client: Client): void {
    this.clients.set(client.session.clientId, client);
    client.session.sender.countIn(this.flights);
    if (client.quotaKey !== undefined) this.sessionCounts.add(client.quotaKey);
    this.longNames.add(client);
  }

  /** The client's session has ended. */
  removeClient(client: Client): void {
    this.clients.delete(client.session.clientId);
    client.session.sender.countIn();
    this.waitingForFlight.delete(client);
    if (client.quotaKey !== undefined) this.sessionCounts.remove(client.quotaKey);
    this.longNames.remove(client);
  }

  /** Disconnects when the turn ends, because no client may connect or disconnect while a message is being routed. */
  disconnectLater(connection: Connection, reason: CloseReason): void {
    this.leaving.push([connection, reason]);
  }

  /** The connection has used its share of the turn: it continues in a later one. */
  postpone(connection: Connection): void {
    if (connection.isStoppedFor("budget")) return;
    connection.stops.stop("budget");
    this.postponed.push(connection);
  }

  /**
   * Removes a reason for which the connection is stopped; if it was the last, the bytes that arrived in the meantime are handled.
   */
  resume(connection: Connection, reason: StopReason): void {
    if (!connection.resume(reason, this.deadlines) || connection.state === "closed") return;
    // The broker did not read the connection, so the time without packets does not count against its Keep Alive.
    connection.lastReceivedMs = this.nowMs;
    // An answer that comes at once arrives before the handler has returned; the receiving loop then continues by itself.
    if (!connection.isReceiving) connection.link.resume();
  }

  /** Runs a request or an answer from outside in a turn of its own; within a turn it runs when that turn ends. */
  inTurn(act: () => void): void {
    if (this.isBusy) return void this.asked.push(act);
    this.beginTurn();
    act();
    this.#endTurn();
  }

  /** Calls a function of the program; what the function asks of the broker is done when the turn ends. */
  call<T>(call: () => T): T {
    const wasBusy = this.isBusy;
    this.isBusy = true;
    try {
      return call();
    } finally {
      this.isBusy = wasBusy;
    }
  }

  /** Like `resume`, for an answer that came from outside: in a turn of its own. */
  resumeInTurn(connection: Connection, reason: StopReason): void {
    this.resume(connection, reason);
    if (!connection.isReceiving) this.#endTurn();
  }

  /** Adds an observer, which is told what happens from now on; the returned function removes it. */
  observe(observer: Observer): () => void {
    const set = (observers: Observers | null) => {
      this.observers = observers;
      this.isObserved = observers !== null;
    };
    set((this.observers ?? new Observers([], this.ports.log)).with(observer));
    return () => set(this.observers?.without(observer) ?? null);
  }

  /** A packet is in the connection's outbox. */
  tellSent(connection: Connection, packet: Packet): void {
    this.observers?.tell("sent", connection, packet);
  }

  /** A PUBLISH is in the connection's outbox. */
  tellDelivered(
    connection: Connection,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
  ): void {
    this.observers?.tell("delivered", connection, outgoing, packetId, isRepeat);
  }

  /** Closes the links of connections that have ended. */
  closeLinks(): void {
    for (const connection of this.closing.splice(0)) {
      connection.link.close();
      this.congestion.account(connection);
    }
  }
}
