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
import {
  applyClaim,
  disinherit,
  firstPending,
  inherit,
  isolate,
  settleAway,
} from "./services/session_moves.ts";
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
 * The deterministic core. Everything happens within a call of `receive`, `drained`, `tick`, or an answer of a port; packets are sent, and
 * writes committed, in `endTurn`. The same calls with the same times produce the same bytes.
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

  /** Whether a turn is open: requests made now are carried out when it ends, or in a later turn. */
  get isBusy(): boolean {
    return this.core.isBusy;
  }

  /** Current numbers and bytes of what the broker keeps. */
  get levels(): BrokerLevels {
    return levelsOf(this.core);
  }

  /**
   * Replaces settings and limits. What was granted before stays granted. `hashMatchesParent`, `allowDuplicateMessages` and `maxTopicLevels`
   * do not change, because the routes depend on them.
   */
  reconfigure(options: BrokerOptions): void {
    const { hashMatchesParent, allowDuplicateMessages, maxTopicLevels } = this.options;
    this.core.options = { ...options, hashMatchesParent, allowDuplicateMessages, maxTopicLevels };
  }

  /**
   * Applies changed rights: disconnects clients for which `mayStay` returns false, and drops waiting messages that their clients may no
   * longer read. Subscriptions stay, although they deliver nothing that may not be read: so a mistake in a file that is soon corrected
   * costs nobody a subscription. It is a turn of its own.
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
   * Handles the packets in `bytes[start, end)`, and returns the offset of the first byte left over: of an incomplete packet, or because the
   * connection is stopped. The bytes may be reused after the turn.
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

  /** Routes a message read from the cluster's log; false if the caller must try again. {@linkcode ClusterPort.append} */
  applyShared(shared: SharedMessage): boolean {
    return applyShared(this.core, shared);
  }

  /** Applies the log's record that a client has connected to a node. {@linkcode ClusterPort.claim} */
  applyClaim(claim: AppliedClaim): void {
    applyClaim(this.core, claim);
  }

  /**
   * Applies the log's record about a session of another node, or of an earlier process of this one. Returns false if the caller must try
   * again.
   */
  applySession(change: SessionChange, isHere: boolean): boolean {
    return applySession(this.core, change, isHere);
  }

  /** Tells other nodes until when these sessions last, if their clients are not connected. */
  settleAway(clientIds: Iterable<string>): void {
    for (const clientId of clientIds) settleAway(this.core, clientId);
  }

  /** These sessions belong to this node, because theirs is dead, or because it is back. */
  inherit(clientIds: Iterable<string>): void {
    inherit(this.core, clientIds);
  }

  /** Other nodes take this one for dead: these sessions are not its any more. */
  disinherit(clientIds: Iterable<string>): void {
    disinherit(this.core, clientIds);
  }

  /** The cluster is out of reach: clients whose sessions other nodes know are disconnected. */
  isolate(): void {
    isolate(this.core);
  }

  /**
   * The place in the log of the first message that a client has not received; `Infinity` if none waits, `undefined` if it is not known now.
   */
  firstPending(clientId: string): number | undefined {
    return firstPending(this.core, clientId);
  }

  /** Routes a message of QoS 0 that another node of the cluster has forwarded. */
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
