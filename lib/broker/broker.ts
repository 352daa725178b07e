import type { Message } from "../session/mod.ts";
import { Core } from "./core/core.ts";
import { type BrokerLevels, levelsOf } from "./core/levels.ts";
import type { Observer } from "./core/observers.ts";
import type { BufferPool } from "./ground/byte_buffer.ts";
import { FromCluster } from "./from_cluster.ts";
import type { BridgeChangedEvent, EventListener, EventName } from "./ground/events.ts";
import type { HookPort } from "./ground/hooks.ts";
import type { MessageHub, MessageInit } from "./ground/message_hub.ts";
import type { Metrics } from "./ground/metrics.ts";
import type { BrokerOptions, ListenerOptions } from "./ground/options.ts";
import type { BrokerPorts, ClientIdentity, Link, StoredState } from "./ground/ports.ts";
import { acceptConnection } from "./handlers/accept.ts";
import { receive } from "./handlers/receive.ts";
import { endTurn, resumePostponed, runDue, wake } from "./services/end_turn.ts";
import { actFor, disconnect } from "./services/lifecycle.ts";
import { reportProgram } from "./services/faults.ts";
import { publishForProgram } from "./services/program.ts";
import { recheckAccess } from "./services/recheck_access.ts";
import { restore } from "./services/restore.ts";
import { sendMore } from "./services/retained_pump.ts";
import { shutDown } from "./services/shut_down.ts";
import { watchConnection } from "./services/watch.ts";
import type { Client, Connection } from "./state/connection.ts";

/**
 * The deterministic core. Everything happens within a call of `receive`, `drained`, `tick`, or an answer of a port; packets are sent, and
 * writes committed, in `endTurn`. The same calls with the same times produce the same bytes.
 */
export class Broker implements MessageHub {
  /**
   * The state that handlers share, for tests and views; callers outside must not change it.
   * @internal
   */
  readonly core: Core;
  /** What comes from the cluster of this broker. */
  readonly fromCluster: FromCluster;
  readonly #onWatch = (connection: Connection): void =>
    actFor(this.core, connection, () => watchConnection(this.core, connection));

  /** `nowMs`: the clock's time, which later calls continue. */
  constructor(options: BrokerOptions, ports: BrokerPorts, nowMs: number) {
    this.core = new Core(options, ports, nowMs, () => this.endTurn());
    this.fromCluster = new FromCluster(this.core);
  }

  /** The time of the turn, milliseconds. */
  get nowMs(): number {
    return this.core.nowMs;
  }

  set nowMs(nowMs: number) {
    this.core.nowMs = nowMs;
  }
  /** The settings in force now. */
  get options(): BrokerOptions {
    return this.core.options;
  }

  /** Counters since the start. */
  get metrics(): Metrics {
    return this.core.metrics;
  }

  /** Output buffers of all connections. */
  get pool(): BufferPool {
    return this.core.pool;
  }

  /** Sessions, connected or not, by Client Identifier. */
  get clients(): ReadonlyMap<string, Client> {
    return this.core.clients;
  }

  /** Network Connections, those before their CONNECT included. */
  get connections(): ReadonlySet<Connection> {
    return this.core.connections;
  }

  /** Whether a turn is open: requests made now are carried out when it ends, or in a later turn. */
  get isBusy(): boolean {
    return this.core.isBusy;
  }

  /** Current numbers and bytes of what the broker keeps. */
  get levels(): BrokerLevels {
    return levelsOf(this.core);
  }

  /** Replaces settings and limits, except those that the routes depend on. What was granted before stays granted. */
  reconfigure(options: BrokerOptions): void {
    const { hashMatchesParent, allowDuplicateMessages, maxTopicLevels } = this.options;
    this.core.change({ ...options, hashMatchesParent, allowDuplicateMessages, maxTopicLevels });
  }

  /**
   * Applies changed rights, in a turn of its own: disconnects clients for which `mayStay` returns false, and drops waiting messages that
   * their clients may no longer read. Subscriptions stay, mute: so a mistake that is soon corrected costs nobody a subscription.
   */
  recheckAccess(mayStay: (client: ClientIdentity) => boolean, nowMs: number): void {
    this.core.nowMs = nowMs;
    recheckAccess(this.core, mayStay);
    this.endTurn();
  }

  /** Restores the contents of the store; call it before the first connection. */
  restore(state: StoredState): void {
    restore(this.core, state);
  }

  /** Accepts a Network Connection; `undefined` if there are too many, and the caller must close it. */
  accept(link: Link, listener: ListenerOptions, nowMs: number): Connection | undefined {
    this.core.nowMs = nowMs;
    return acceptConnection(this.core, link, listener, this.#onWatch);
  }

  /**
   * Handles the packets in `bytes[start, end)`; returns the offset of the first byte left over. The bytes may be reused after the turn.
   */
  receive(
    connection: Connection,
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): number {
    this.nowMs = nowMs;
    return receive(this.core, connection, bytes, start, end);
  }

  /** The peer is gone, or its stream failed. Calling it again does nothing. */
  lost(connection: Connection, nowMs: number): void {
    this.nowMs = nowMs;
    disconnect(this.core, connection, undefined);
  }

  /** The link has written all its bytes: sends messages that waited for room. */
  drained(connection: Connection, nowMs: number): void {
    this.core.nowMs = nowMs;
    actFor(this.core, connection, () => sendMore(this.core, connection));
  }

  /** Does everything that is due at `nowMs`. */
  tick(nowMs: number): void {
    this.nowMs = nowMs;
    runDue(this.core);
    resumePostponed(this.core);
    wake(this.core);
  }

  /** Ends the turn: commits the writes and sends the packets that need not wait. */
  endTurn(): void {
    endTurn(this.core);
  }

  /** Sends DISCONNECT 0x8B to all clients, and accepts no others. */
  shutDown(nowMs: number): void {
    this.nowMs = nowMs;
    shutDown(this.core);
    this.endTurn();
  }

  /** Adds these hooks behind the others; the returned function removes them. */
  addHooks(hooks: HookPort): () => void {
    return this.core.hooks.add(hooks);
  }

  /** Calls `listener` with each event of this name, after the turn in which it happens; the returned function ends that. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    return this.core.events.on(name, listener);
  }

  /** Adds an observer of what happens in the core; the returned function removes it. */
  observe(observer: Observer): () => void {
    return this.core.observe(observer);
  }

  /** Reports a changed state of a bridge of this broker to listeners, in a turn of its own or the current one. */
  bridgeChanged(event: BridgeChangedEvent): void {
    if (this.core.observers === null) return;
    if (!this.core.isBusy) this.core.beginTurn();
    this.core.observers.tell("bridgeChanged", event);
  }

  /** Publishes for the program around the broker. {@linkcode MessageHub.publish} */
  publish(init: MessageInit): void {
    publishForProgram(this.core, init);
  }

  /** {@linkcode MessageHub.failed} */
  failed(what: string, error: unknown): void {
    reportProgram(this.core, what, {}, error);
  }

  /** {@linkcode MessageHub.subscribe} */
  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void {
    return this.core.router.subscribeLocal(topicFilter, deliver);
  }
}
