import type { Message } from "../session/mod.ts";
import { Core } from "./core/core.ts";
import { type BrokerLevels, levelsOf } from "./core/levels.ts";
import type { Observer } from "./core/observers.ts";
import type { BufferPool } from "./ground/byte_buffer.ts";
import type {
  BridgeChangedEvent,
  ClusterChangedEvent,
  EventListener,
  EventName,
} from "./ground/events.ts";
import type { HookPort } from "./ground/hooks.ts";
import type { MessageHub, MessageInit } from "./ground/message_hub.ts";
import type { Metrics } from "./ground/metrics.ts";
import type { BrokerOptions, ListenerOptions } from "./ground/options.ts";
import type { BrokerPorts, ClientIdentity, Link, StoredState } from "./ground/ports.ts";
import type { AppliedClaim, SessionChange } from "./ground/shared_session.ts";
import { acceptConnection } from "./handlers/accept.ts";
import { receive } from "./handlers/receive.ts";
import { endTurn, resumePostponed, runDue, wake } from "./services/end_turn.ts";
import { applyShared, deliverForwarded, type SharedMessage } from "./services/apply_shared.ts";
import { applyClaim, firstPending, settleAway } from "./services/session_moves.ts";
import { applySession } from "./services/shared_sessions.ts";
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
 * The deterministic core. Everything happens within a call of `receive`, `drained`, `tick` or a port's answer; packets are sent,
 * and writes committed, in `endTurn`. The same calls with the same times give the same bytes.
 */
export class Broker implements MessageHub {
  /**
   * The state that handlers share, for tests and views; callers outside must not change it.
   * @internal
   */
  readonly core: Core;
  readonly #onWatch = (connection: Connection): void => {
    actFor(this.core, connection, () => watchConnection(this.core, connection));
  };

  /** `nowMs`: the clock's time, which later calls continue. */
  constructor(options: BrokerOptions, ports: BrokerPorts, nowMs: number) {
    this.core = new Core(options, ports, nowMs, () => this.endTurn());
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

  /** Whether a turn is under way: what is asked for now is done when that turn ends, or in a later one. */
  get isBusy(): boolean {
    return this.core.isBusy;
  }

  /** Current numbers and bytes of what the broker keeps. */
  get levels(): BrokerLevels {
    return levelsOf(this.core);
  }

  /**
   * Replaces settings and limits. What was granted before stays granted; `hashMatchesParent`, `allowDuplicateMessages` and
   * `maxTopicLevels` stay as they are, since the routes depend on them.
   */
  reconfigure(options: BrokerOptions): void {
    const { hashMatchesParent, allowDuplicateMessages, maxTopicLevels } = this.options;
    this.core.options = { ...options, hashMatchesParent, allowDuplicateMessages, maxTopicLevels };
  }

  /**
   * Rights have changed: clients for whom `mayStay` does not hold are disconnected, and what waits for a client that may not
   * read it any more is dropped. Subscriptions stay, mute where nothing under them may be read: a mistake in a file, corrected
   * a minute later, has then cost nobody a subscription. A turn of its own.
   */
  recheckAccess(mayStay: (client: ClientIdentity) => boolean, nowMs: number): void {
    this.core.nowMs = nowMs;
    recheckAccess(this.core, mayStay);
    this.endTurn();
  }

  /** Restores what the store has kept; call it before the first connection. */
  restore(state: StoredState): void {
    restore(this.core, state);
  }

  /** A Network Connection was accepted. `undefined`: there are too many, close it. */
  accept(link: Link, listener: ListenerOptions, nowMs: number): Connection | undefined {
    this.core.nowMs = nowMs;
    return acceptConnection(this.core, link, listener, this.#onWatch);
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
    return receive(this.core, connection, bytes, start, end);
  }

  /** The peer is gone, or its stream failed. Calling it again does nothing. */
  lost(connection: Connection, nowMs: number): void {
    this.nowMs = nowMs;
    disconnect(this.core, connection, undefined);
  }

  /** The link has written all its bytes: what waited for room is sent. */
  drained(connection: Connection, nowMs: number): void {
    this.core.nowMs = nowMs;
    actFor(this.core, connection, () => sendMore(this.core, connection));
  }

  /** The time is `nowMs`: calls everything that is due. */
  tick(nowMs: number): void {
    this.nowMs = nowMs;
    runDue(this.core);
    resumePostponed(this.core);
    wake(this.core);
  }

  /** Ends the turn: commits what was written, sends what may leave. */
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

  /** A bridge of this broker has come into another state: listeners hear of it, in a turn of its own or the current one. */
  bridgeChanged(event: BridgeChangedEvent): void {
    if (this.core.observers === null) return;
    if (!this.core.isBusy) this.core.beginTurn();
    this.core.observers.tell("bridgeChanged", event);
  }

  /** The cluster of this broker has changed: listeners hear of it, in a turn of its own or the current one. */
  clusterChanged(event: ClusterChangedEvent): void {
    if (this.core.observers === null) return;
    if (!this.core.isBusy) this.core.beginTurn();
    this.core.observers.tell("clusterChanged", event);
  }

  /** Publishes for the program around the broker. {@linkcode MessageHub.publish} */
  publish(init: MessageInit): void {
    publishForProgram(this.core, init);
  }

  /** Routes a message that the cluster's log has come to; `false`: it has to come again. {@linkcode ClusterPort.append} */
  applyShared(shared: SharedMessage): boolean {
    return applyShared(this.core, shared);
  }

  /** The log has come to a client's arrival at a node. {@linkcode ClusterPort.claim} */
  applyClaim(claim: AppliedClaim): void {
    applyClaim(this.core, claim);
  }

  /** The log says something of a session that belongs to another node, or to an earlier process of this; `false`: it has to come again. */
  applySession(change: SessionChange, isHere: boolean): boolean {
    return applySession(this.core, change, isHere);
  }

  /** Whoever these sessions belong to is not connected: other nodes are told until when they last. */
  settleAway(clientIds: Iterable<string>): void {
    for (const clientId of clientIds) settleAway(this.core, clientId);
  }

  /** The place in the log of the first message that a client has not taken: `Infinity`: nothing waits; `undefined`: nobody knows now. */
  firstPending(clientId: string): number | undefined {
    return firstPending(this.core, clientId);
  }

  /** Routes a message of QoS 0 that another node of the cluster has handed over. */
  deliverForwarded(message: Message): void {
    deliverForwarded(this.core, message);
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
