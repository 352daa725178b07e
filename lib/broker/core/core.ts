import { NameCache, type Packet } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import { BufferPool } from "../ground/byte_buffer.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { Deadlines } from "../ground/deadlines.ts";
import { Fanout } from "../ground/fanout.ts";
import { Latency } from "../ground/latency.ts";
import { Metrics } from "../ground/metrics.ts";
import type { BrokerOptions, ListenerOptions } from "../ground/options.ts";
import type { AccessPort, BrokerPorts, Store } from "../ground/ports.ts";
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
import { QueueBook } from "./queue_book.ts";
import { Rates } from "./rates.ts";
import { Releases } from "./releases.ts";
import { RetainedMessages } from "./retained.ts";
import { Router } from "./router.ts";
import { SessionCounts } from "./session_counts.ts";
import { WillBook } from "./will_book.ts";
import { STEPS, Work } from "./work.ts";

/**
 * What all handlers share: the state of the broker, and the lists of what is to happen when the turn ends. It knows no service
 * and no handler; `Broker` conducts.
 */
export class Core implements Turn {
  /** Counters since the start. */
  readonly metrics: Metrics = new Metrics();
  /** Output buffers of all connections. */
  readonly pool: BufferPool = new BufferPool();
  /** Everything that is due at some time. */
  readonly deadlines: Deadlines = new Deadlines();
  /** Topic Names seen lately, so that a repeated one is not decoded anew. */
  readonly names: NameCache = new NameCache();
  /** Who subscribed to what. */
  readonly router: Router;
  /** The last message of each topic that asked for it. */
  readonly retained: RetainedMessages;
  /** Sessions, connected or not, by Client Identifier. */
  readonly clients: Map<string, Client> = new Map();
  /** How many of these each user has. */
  readonly sessionCounts: SessionCounts = new SessionCounts();
  /** Their long names. */
  readonly longNames: NameBook = new NameBook();
  /** Network Connections, those before their CONNECT included. */
  readonly connections: Set<Connection> = new Set();
  /** How many of them each listener has. */
  readonly perListener: Map<ListenerOptions, number> = new Map();
  /** Absent: nothing outlives the process. */
  readonly store: Store | undefined;
  /** What waits for its commits. */
  readonly releases: Releases;
  /** What waits in sessions. */
  readonly queues: QueueBook = new QueueBook();
  /** What waits to be written, and who waits for it to get less. */
  readonly congestion: Congestion = new Congestion(this);
  /** What may come in a second. */
  readonly rates: Rates = new Rates();
  /** The one fan-out, for the message that is routed now. */
  readonly fanout: Fanout = new Fanout();
  /** Messages that go to more receivers than one turn has time for. */
  readonly longFanOuts: LongFanOuts = new LongFanOuts();
  /** The Topic Aliases of all clients. */
  readonly aliases: AliasBook = new AliasBook();
  /** The wills of all clients. */
  readonly wills: WillBook = new WillBook();
  /** Clients that were connected to the process before, whose session was not stored and whose will was, by Client Identifier. */
  readonly lostClients: Map<string, Client> = new Map();
  /** What the turn has cost so far. */
  readonly work: Work = new Work();
  /** What the program decides. */
  readonly hooks: Hooks;
  /** What of it a program listens to. */
  readonly events: Events;
  /** The time of the turn, milliseconds. */
  nowMs: number;
  /** Connections that got past CONNECT. */
  connectedCount = 0;
  /** What the subscriptions of all sessions take, bytes. */
  subscriptionBytes = 0;
  /** Nobody comes in any more. */
  isShuttingDown = false;
  /** Bridges for which something waits, and whose publishers are refused when they are full. */
  readonly waitingBridges: Set<Client> = new Set();
  /** The next delivery's place in the order of the store. */
  nextSequence = 1;
  /** Whoever wants to know what happens; `null`: nobody, and then that costs a comparison. */
  observers: Observers | null = null;
  /** Whether what happens is told to them, or a message is followed: one question for both. */
  isObserved = false;
  /** How long messages take. */
  readonly latency: Latency = new Latency();
  /** Packets are being handled, or a function of the program is called: what a program asks for now is done when the turn ends. */
  isBusy = false;
  /** What programs asked for meanwhile. */
  readonly asked: (() => void)[] = [];

  /** What programs published meanwhile. */
  readonly published: Message[] = [];
  /** Connections with something to send. */
  dirty: Connection[] = [];
  /** Connections that are through. */
  readonly closing: Connection[] = [];
  /** Clients that a policy disconnects. */
  readonly leaving: [Connection, CloseReason][] = [];
  /** Connections that have used their part of a turn, in the order in which they go on. */
  readonly postponed: Connection[] = [];
  /** Sessions that are over, with the subscriptions of which the router still knows. */
  readonly dismantling: { readonly client: Client; readonly filters: Iterator<string> }[] = [];
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
    this.store = ports.store;
    this.hooks = new Hooks({
      call: (call) => this.call(call),
      failed: (name, { clientId }, error) => {
        this.metrics.programErrors++;
        const text = error instanceof Error ? error.stack ?? error.message : String(error);
        ports.log.error(`A hook ${name} has failed`, { clientId, error: text });
      },
    });
    const observe = (observer: Observer) => this.observe(observer);
    this.events = new Events({ log: ports.log, metrics: this.metrics, observe });
    this.#endTurn = endTurn;
    this.releases = new Releases(endTurn);
    const { access } = ports;
    access.useLog?.(ports.log);
    this.router = new Router(options, {
      get version() {
        return access.version;
      },
      mayRead: (client, topicName) => {
        if (access.checksTopics) this.work.spend(STEPS.check * (access.stepsPerCheck ?? 1));
        return mayRead(access, client, topicName);
      },
    }, (steps) => this.work.spend(steps * STEPS.node));
    this.retained = new RetainedMessages(this);
  }

  /** An answer that came from outside begins a turn: what time is it? */
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

  /** What queues in memory, wills, Topic Aliases and long names take of `max_total_queued_bytes`. */
  get totalQueuedBytes(): number {
    return this.queues.heldBytes + this.wills.bytes + this.aliases.bytes + this.longNames.bytes;
  }

  /** The connection is through: its link is closed once the turn's packets are with it. */
  markClosing(connection: Connection): void {
    const { listener } = connection;
    this.rates.leave(hostOf(connection.link.remoteAddress));
    const left = this.perListener.get(listener)! - 1;
    // Programs may make one for each client.
    if (left > 0) this.perListener.set(listener, left);
    else this.perListener.delete(listener);
    this.releases.cancel(connection);
    this.aliases.remove(connection.incomingAliases);
    this.congestion.throttled.delete(connection);
    this.closing.push(connection);
  }

  /** The client has a session from here on. */
  addClient(client: Client): void {
    this.clients.set(client.session.clientId, client);
    if (client.quotaKey !== undefined) this.sessionCounts.add(client.quotaKey);
    this.longNames.add(client);
  }

  /** Its session is over. */
  removeClient(client: Client): void {
    this.clients.delete(client.session.clientId);
    if (client.quotaKey !== undefined) this.sessionCounts.remove(client.quotaKey);
    this.longNames.remove(client);
  }

  /** Disconnects when the turn ends: in the middle of routing a message nobody comes or goes. */
  disconnectLater(connection: Connection, reason: CloseReason): void {
    this.leaving.push([connection, reason]);
  }

  /** The connection has used its part of the turn: it goes on in a later one. */
  postpone(connection: Connection): void {
    if (connection.stops.has("budget")) return;
    connection.stops.stop("budget");
    this.postponed.push(connection);
  }

  /** A reason to stop the connection is gone; if it was the last, what came in the meantime is handled. */
  resume(connection: Connection, reason: StopReason): void {
    if (!connection.stops.resume(reason, this.deadlines) || connection.state === "closed") return;
    // It was kept from sending: its silence is ours.
    connection.lastReceivedMs = this.nowMs;
    // An answer that comes at once is there before the handler has returned, which then goes on by itself.
    if (!connection.isReceiving) connection.link.resume();
  }

  /** Does something that was asked for from outside, or an answer: a turn of its own; from within a turn it is done at its end. */
  inTurn(act: () => void): void {
    if (this.isBusy) return void this.asked.push(act);
    this.beginTurn();
    act();
    this.#endTurn();
  }

  /** Calls a function of the program: what it asks of the broker is done when the turn ends. */
  call<T>(call: () => T): T {
    const wasBusy = this.isBusy;
    this.isBusy = true;
    try {
      return call();
    } finally {
      this.isBusy = wasBusy;
    }
  }

  /** The same for an answer that came from outside: that is a turn of its own. */
  resumeInTurn(connection: Connection, reason: StopReason): void {
    this.resume(connection, reason);
    if (!connection.isReceiving) this.#endTurn();
  }

  /** Tells this observer what happens from now on; the function returned ends that. */
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

  /** Closes the links of connections that are through. */
  closeLinks(): void {
    for (const connection of this.closing.splice(0)) {
      connection.link.close();
      this.congestion.account(connection);
    }
  }
}

/**
 * Whether a message may go to the client. One that a store remembers, and that has not been here since, is nobody yet: what it
 * subscribed to waits for it, and is looked at when it comes.
 */
export function mayRead(access: AccessPort, client: Client, topicName: string): boolean {
  const { identity } = client;
  return !access.checksTopics || client.isRestored || identity.isBridge === true ||
    access.mayRead(identity, topicName);
}
