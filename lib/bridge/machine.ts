/**
 * One bridge as a machine without I/O: events in, calls of its ports and bytes out. So it runs in the simulation as it does on the
 * network.
 *
 * | state        | leaves it when                                            | to                              |
 * |--------------|-----------------------------------------------------------|---------------------------------|
 * | `connecting` | CONNACK                                                   | `connected`                     |
 * |              | this address failed: the next one, or the next version    | `connecting`                    |
 * |              | all have failed                                           | `waiting`, once: `ended`        |
 * | `connected`  | the connection is lost, or a peer breaks the rules        | `connecting`, `waiting`, `ended`|
 * |              | lazy: nothing has crossed for a while                     | `idle`                          |
 * |              | the primary has accepted a second connection              | `connected`, to the primary     |
 * | `waiting`    | its time is over                                          | `connecting`                    |
 * | `idle`       | enough waits                                              | `connecting`                    |
 *
 * The local side is opened when the remote one has answered: its CONNECT says the remote Receive Maximum. Before that it is opened once, to
 * subscribe, so that messages wait from the start on.
 *
 * @module
 */
import { decodePacket, frameLength, MqttError, type Packet, reasonCodeName } from "../codec/mod.ts";
import { Backoff } from "./backoff.ts";
import { disconnectFault, faultOf } from "./faults.ts";
import { type Attempt, attemptsOf, connackFault, encodeConnect } from "./handshake.ts";
import { type BridgeOptions, localClientIdOf, notificationTopicOf } from "./options.ts";
import type { Output } from "./output.ts";
import type { BridgePorts } from "./ports.ts";
import { putPacket, Relay } from "./relay.ts";
import { limitsOf, type RemoteLimits } from "./remote_limits.ts";
import { LocalSide, RemoteSide, type Side } from "./sides.ts";
import {
  BridgeCounters,
  BridgeFault,
  type BridgeReason,
  type BridgeState,
  type BridgeStatus,
} from "./state.ts";
import { putSubscriptions } from "./subscriptions.ts";
import { TopicRules } from "./topic_rules.ts";

/** What a machine is made of. */
export interface MachineInit {
  /** Every setting. */
  readonly options: BridgeOptions;
  /** A name of this broker, in what its messages have passed. */
  readonly brokerId: string;
  /** Bytes of a packet that this broker takes. */
  readonly maxPacketSizeBytes: number;
  /** Messages under way to a remote broker that says nothing of it. */
  readonly window: number;
  /** What an earlier configuration of the bridge subscribed to at the remote broker. */
  readonly formerRemoteFilters?: readonly string[];
}

/** How long an address may take from opening a stream to its CONNACK. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that has lasted so long was a good one. */
const LASTED_MS = 10_000;
/** Connections closed without a CONNACK, after which less is asked for. */
const CLOSES_BEFORE_LESS = 3;
/** How long a bridge that lost a good connection waits at most before it asks again for the first time. */
const FIRST_RETRY_MS = 1000;
/** How often a lazy bridge looks what waits. */
const LAZY_LOOK_MS = 1000;
/** How often a bridge with a rate is allowed more. */
const RATE_STEP_MS = 50;
const [ONLINE, OFFLINE] = ["1", "0"].map((text) => new TextEncoder().encode(text)) as [
  Uint8Array,
  Uint8Array,
];

/** One bridge: where it stands, and what it does next. */
export class BridgeMachine {
  /** What it has done. */
  readonly counters: BridgeCounters = new BridgeCounters();
  readonly #init: MachineInit;
  readonly #ports: BridgePorts;
  readonly #rules: TopicRules;
  readonly #attempts: readonly Attempt[];
  readonly #backoff: Backoff;
  readonly #probeBackoff: Backoff;
  #state: BridgeState = "connecting";
  #reason: BridgeReason = "starting";
  #message = "";
  #sinceMs = 0;
  #retryAtMs = Infinity;
  #nextId = 1;
  #remote: RemoteSide | undefined;
  /** A second connection, to the primary, while another one serves. */
  #probe: RemoteSide | undefined;
  #probeAtMs = Infinity;
  #local: LocalSide | undefined;
  #relay: Relay | undefined;
  #limits: RemoteLimits | undefined;
  /** Where the round of addresses began, and how many are left in it. */
  #addressIndex = 0;
  #addressesLeft = 0;
  #connectedAtMs = 0;
  #rateAtMs = 0;
  #activeAtMs = 0;
  #activity = 0;
  /** Filters whose retained messages the remote broker has not been given. */
  #owesRetained: Set<string> = new Set();
  #isStopped = false;
  /** The way to ask that was successful last; -1: none yet. */
  #provenAttempt = -1;
  /** How often each way to ask met a closed connection. */
  readonly #closes: number[] = [];
  /** Whether all was subscribed at the remote broker, in its present session. */
  #hasSubscribed = false;

  /** Nothing happens before `start`. */
  constructor(init: MachineInit, ports: BridgePorts) {
    const { options } = init;
    const { restartBaseSeconds, restartCapSeconds } = options;
    const random = () => ports.random();
    this.#init = init;
    this.#ports = ports;
    this.#rules = new TopicRules(options.topics);
    this.#attempts = attemptsOf(options);
    this.#backoff = new Backoff(restartBaseSeconds * 1000, restartCapSeconds * 1000, random);
    this.#probeBackoff = new Backoff(restartBaseSeconds * 1000, restartCapSeconds * 1000, random);
  }

  /** What holds now. */
  get options(): BridgeOptions {
    return this.#init.options;
  }

  /** Where it stands. */
  get status(): BridgeStatus {
    const { name, addresses } = this.options;
    const { hostname, port } = addresses[this.#remote?.addressIndex ?? this.#addressIndex]!;
    return {
      name,
      state: this.#state,
      reason: this.#reason,
      message: this.#message,
      address: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
      protocolVersion: this.#limits?.version ?? 0,
      sinceMs: this.#sinceMs,
      retryAtMs: this.#retryAtMs,
      localClientId: localClientIdOf(this.options),
      counters: this.counters,
    };
  }

  /** What waits to be written to a connection. */
  outputOf(id: number): Output | undefined {
    return this.#sideOf(id)?.output;
  }

  /** Whether more may be read of a connection. */
  mayRead(id: number): boolean {
    const side = this.#sideOf(id);
    if (side === undefined) return false;
    return side.mayRead(side === this.#local ? this.#remote : this.#local);
  }

  /** Begins: subscribes in this broker, and connects to the remote one. */
  start(nowMs: number): void {
    this.#sinceMs = nowMs;
    if (!this.options.localCleanSession) this.#prepare(nowMs);
    if (this.options.startType === "lazy") return this.#enter("idle", "idle", "", nowMs);
    this.#beginRound(nowMs);
  }

  /** Ends: says goodbye on both sides. Nothing more happens. */
  stop(nowMs: number): void {
    this.#isStopped = true;
    this.#leave();
    this.#enter("ended", "", "stopped", nowMs);
  }

  /** A stream is open. */
  opened(id: number, nowMs: number): void {
    const side = this.#remoteOf(id);
    if (side === undefined) return;
    side.phase = "asking";
    try {
      const { maxPacketSizeBytes, brokerId } = this.#init;
      const attempt = this.#attempts[side.attempt]!;
      const password = this.#ports.password();
      side.output.put(
        encodeConnect(this.options, attempt, password, maxPacketSizeBytes, brokerId),
      );
    } catch (error) {
      this.#failed(side, faultOf(error, "password_file"), nowMs);
    }
  }

  /** A stream could not be opened. */
  failed(id: number, reason: BridgeReason, message: string, nowMs: number): void {
    const side = this.#remoteOf(id);
    if (side !== undefined) this.#failed(side, new BridgeFault(reason, message), nowMs);
  }

  /** Bytes of a remote broker. They may be reused afterwards. */
  remoteBytes(id: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const side = this.#remoteOf(id);
    if (side === undefined) return;
    side.lastReceivedMs = nowMs;
    if (side.phase === "connected") this.counters.bytesIn += end - start;
    this.#guard(side, nowMs, () => {
      side.receive(bytes, start, end, (bytes, start, end) => {
        return this.#fromRemote(side, bytes, start, end, nowMs);
      });
    });
  }

  /** A remote broker has closed the connection. */
  remoteEnded(id: number, nowMs: number): void {
    const side = this.#remoteOf(id);
    if (side === undefined) return;
    const message = side.phase === "connected"
      ? "The remote broker has closed the connection"
      : "The remote broker has closed the connection instead of answering CONNECT";
    this.#failed(side, new BridgeFault("closed", message), nowMs);
  }

  /** Bytes of this broker. They may be reused afterwards. */
  localBytes(id: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const side = this.#local;
    if (side?.id !== id) return;
    side.lastReceivedMs = nowMs;
    this.#guard(this.#remote, nowMs, () => {
      side.receive(bytes, start, end, (bytes, start, end) => {
        return this.#fromLocal(side, bytes, start, end);
      });
    });
  }

  /** This broker has closed its connection. */
  localEnded(id: number, nowMs: number): void {
    if (this.#local?.id !== id) return;
    const { isPreparing } = this.#local;
    this.#local = undefined;
    if (isPreparing || this.#remote?.phase !== "connected") return;
    const message = "This broker has closed the connection of its bridge";
    this.#failed(this.#remote, new BridgeFault("local_closed", message), nowMs);
  }

  /** The time is `nowMs`: what is due happens. */
  tick(nowMs: number): void {
    if (this.#isStopped) return;
    if (nowMs >= this.#retryAtMs) this.#beginRound(nowMs);
    if (nowMs >= this.#probeAtMs) this.#beginProbe(nowMs);
    for (const side of [this.#remote, this.#probe]) {
      if (side !== undefined) this.#watch(side, nowMs);
    }
    if (this.#local !== undefined) ping(this.#local, nowMs);
    if (this.#state === "idle") this.#lookWhatWaits(nowMs);
    if (this.#state === "connected") {
      this.#allow(nowMs);
      this.#lookWhetherIdle(nowMs);
    }
  }

  /** When `tick` is to be called, in the clock's milliseconds. */
  get nextMs(): number {
    if (this.#isStopped) return Infinity;
    const times = [this.#retryAtMs, this.#probeAtMs, this.#local?.pingAtMs ?? Infinity];
    for (const side of [this.#remote, this.#probe]) {
      if (side === undefined) continue;
      if (side.phase === "connected") times.push(side.pingAtMs, side.goneAtMs);
      else times.push(side.deadlineMs);
    }
    if (this.#state === "idle") {
      times.push(Math.max(this.#sinceMs, this.#activeAtMs) + LAZY_LOOK_MS);
    }
    if (this.#state === "connected") {
      const { startType, idleTimeoutSeconds, maxRate } = this.options;
      if (startType === "lazy") times.push(this.#activeAtMs + idleTimeoutSeconds * 1000);
      if (maxRate > 0 && this.#relay!.allowance < 1) times.push(this.#rateAtMs + RATE_STEP_MS);
    }
    return Math.min(...times);
  }

  /** All addresses are tried, beginning with the primary, or with equals behind the last one. */
  #beginRound(nowMs: number): void {
    const { addresses, roundRobin } = this.options;
    this.#retryAtMs = Infinity;
    this.#addressesLeft = addresses.length - 1;
    if (!roundRobin) this.#addressIndex = 0;
    this.#connect(this.#addressIndex, 0, nowMs);
  }

  #connect(addressIndex: number, attempt: number, nowMs: number): void {
    this.#addressIndex = addressIndex;
    const side = new RemoteSide(this.#nextId++, nowMs, addressIndex, attempt, CONNECT_TIMEOUT_MS);
    this.#remote = side;
    if (this.#state !== "connecting") this.#enter("connecting", this.#reason, this.#message, nowMs);
    this.#ports.openRemote(side.id, this.options.addresses[addressIndex]!);
  }

  /** The primary is asked while another address serves. */
  #beginProbe(nowMs: number): void {
    this.#probeAtMs = Infinity;
    const side = new RemoteSide(this.#nextId++, nowMs, 0, 0, CONNECT_TIMEOUT_MS);
    this.#probe = side;
    this.#ports.openRemote(side.id, this.options.addresses[0]!);
  }

  #fromRemote(
    side: RemoteSide,
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): number {
    let at = start;
    if (side.phase !== "connected") {
      const length = frameLength(bytes, at, end, this.#init.maxPacketSizeBytes);
      if (length === 0 || at + length > end) return at;
      const { version } = this.#attempts[side.attempt]!;
      const packet = decodePacket(bytes, at, at + length, version);
      if (packet.type !== "connack") {
        throw new BridgeFault("protocol_error", "The first packet is no CONNACK");
      }
      const fault = connackFault(packet, version);
      if (fault !== undefined) throw fault;
      at += length;
      this.#connected(side, limitsOf(packet, version, this.options), nowMs);
    }
    return side === this.#remote ? this.#relay!.fromRemote(bytes, at, end) : end;
  }

  /** The remote broker has let us in: from here on this is the connection. */
  #connected(side: RemoteSide, limits: RemoteLimits, nowMs: number): void {
    if (side === this.#probe) {
      this.#probe = undefined;
      this.#sayGoodbye();
      this.#hasSubscribed = false;
    }
    side.phase = "connected";
    side.keepAliveSeconds = limits.keepAliveSeconds;
    side.lastSentMs = nowMs;
    this.#remote = side;
    this.#limits = limits;
    this.#addressIndex = side.addressIndex;
    this.#connectedAtMs = this.#activeAtMs = this.#rateAtMs = nowMs;
    this.counters.connects++;
    this.#provenAttempt = side.attempt;
    const local = this.#openLocal(false, nowMs, limits);
    this.#relay = new Relay({
      options: this.options,
      rules: this.#rules,
      limits,
      brokerId: this.#init.brokerId,
      maxPacketSizeBytes: this.#init.maxPacketSizeBytes,
      counters: this.counters,
      toRemote: side.output,
      toLocal: local.output,
      onAnswer: (from, packet) => this.#answered(from, packet, nowMs),
    });
    if (this.options.maxRate > 0) this.#relay.allowance = 1;
    this.#subscribeRemotely(side, limits);
    const { addresses, roundRobin } = this.options;
    const isSecondary = !roundRobin && side.addressIndex > 0 && addresses.length > 1;
    this.#probeAtMs = isSecondary ? nowMs + this.#probeBackoff.next() : Infinity;
    this.#enter("connected", "", "", nowMs);
    this.#notify(ONLINE);
  }

  #subscribeRemotely(side: RemoteSide, limits: RemoteLimits): void {
    const { attemptUnsubscribe } = this.options;
    const { formerRemoteFilters = [] } = this.#init;
    const filters = this.#rules.remoteFilters;
    const wanted = new Set(filters.map(({ topicFilter }) => topicFilter));
    const former = new Set([
      ...attemptUnsubscribe ? this.#rules.remoteFiltersOutOnly : [],
      ...formerRemoteFilters.filter((filter) => !wanted.has(filter)),
    ]);
    // Before 5.0 every SUBSCRIBE brings all that is retained once more.
    const isDone = limits.sessionPresent && this.#hasSubscribed && limits.version < 5;
    side.pendingAnswers = isDone ? 0 : putSubscriptions(
      side.output,
      limits.version,
      limits.sessionPresent ? [...former] : [],
      filters,
      () => limits.sessionPresent ? 1 : 0,
    );
    this.#relay!.mayPublish = side.pendingAnswers === 0;
  }

  /** The local session is made, with its subscriptions, and left alone: what is published waits in it. */
  #prepare(nowMs: number): void {
    const known = new Set(this.#ports.localSession()?.topicFilters ?? []);
    for (const { topicFilter } of this.#rules.localFilters) {
      if (!known.has(topicFilter)) this.#owesRetained.add(topicFilter);
    }
    this.#openLocal(true, nowMs, undefined);
  }

  #openLocal(isPreparing: boolean, nowMs: number, limits: RemoteLimits | undefined): LocalSide {
    const side = new LocalSide(this.#nextId++, nowMs, isPreparing);
    const { localCleanSession, localUserName } = this.options;
    this.#local = side;
    // With another session of the remote broker its Packet Identifiers mean other messages.
    this.#ports.openLocal(side.id, { forgetsReceived: limits?.sessionPresent === false });
    putPacket(side.output, {
      type: "connect",
      protocolVersion: 5,
      cleanStart: localCleanSession,
      keepAliveSeconds: 0,
      clientId: localClientIdOf(this.options),
      ...localUserName === "" ? {} : { userName: localUserName },
      properties: {
        ...localCleanSession ? {} : { sessionExpiryInterval: 0xffff_ffff },
        receiveMaximum: isPreparing ? 1 : limits!.receiveMaximum ?? this.#init.window,
      },
    }, 5);
    const filters = this.#rules.localFilters;
    const wanted = new Set(filters.map(({ topicFilter }) => topicFilter));
    const former = this.#ports.localSession()?.topicFilters.filter((known) => !wanted.has(known));
    const isFresh = limits?.sessionPresent === false;
    side.pendingAnswers = putSubscriptions(side.output, 5, former ?? [], filters, (filter) => {
      if (isPreparing) return 2;
      return isFresh || this.#owesRetained.has(filter) ? 0 : 1;
    });
    if (!isPreparing) this.#owesRetained.clear();
    if (side.pendingAnswers === 0 && isPreparing) this.#endPreparing(side);
    return side;
  }

  #endPreparing(side: LocalSide): void {
    putPacket(side.output, { type: "disconnect", reasonCode: 0 }, 5);
    this.#ports.closeLocal(side.id);
    this.#local = undefined;
  }

  #fromLocal(side: LocalSide, bytes: Uint8Array, start: number, end: number): number {
    if (!side.isPreparing) return this.#relay?.fromLocal(bytes, start, end) ?? end;
    let at = start;
    while (this.#local === side) {
      const length = frameLength(bytes, at, end, Infinity);
      if (length === 0 || at + length > end) return at;
      const packet = decodePacket(bytes, at, at + length, 5);
      at += length;
      if (packet.type === "suback" || packet.type === "unsuback") {
        this.#checkAnswer("local", packet);
        if (--side.pendingAnswers === 0) this.#endPreparing(side);
      }
    }
    return end;
  }

  /** What the relay does not pass on. */
  #answered(from: "local" | "remote", packet: Packet, nowMs: number): void {
    switch (packet.type) {
      case "suback":
      case "unsuback":
        this.#checkAnswer(from, packet);
        if (from === "remote" && --this.#remote!.pendingAnswers === 0) {
          this.#hasSubscribed = true;
          this.#relay!.mayPublish = true;
          this.#retryLocal();
        }
        return;
      case "connack":
        if (from === "remote") break;
        if (packet.reasonCode !== 0) {
          const message = `This broker refuses its bridge: ${reasonCodeName(packet.reasonCode)}`;
          throw new BridgeFault("local_closed", message);
        }
        this.#local!.keepAliveSeconds = packet.properties?.serverKeepAlive ?? 0;
        return;
      case "pingresp":
        return;
      case "disconnect":
        if (from === "remote") {
          throw disconnectFault(packet.reasonCode, this.options.remoteClientId);
        }
        throw new BridgeFault(
          "local_closed",
          `This broker disconnects its bridge: ${reasonCodeName(packet.reasonCode)}`,
        );
    }
    void nowMs;
    throw new BridgeFault("protocol_error", `Unexpected ${packet.type.toUpperCase()} (${from})`);
  }

  #checkAnswer(from: "local" | "remote", packet: Packet): void {
    if (packet.type !== "suback") return;
    for (const code of packet.reasonCodes) {
      if (code < 0x80) continue;
      const whose = from === "local" ? "This broker" : "The remote broker";
      this.counters.drop("subscription_refused");
      this.#ports.warn(`${whose} refuses a subscription of the bridge`, {
        bridge: this.options.name,
        reason: reasonCodeName(code),
      });
    }
  }

  #retryLocal(): void {
    const side = this.#local;
    side?.retry((bytes, start, end) => this.#fromLocal(side, bytes, start, end));
  }

  /** What is thrown meanwhile ends the connection. */
  #guard(side: RemoteSide | undefined, nowMs: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      const isOurs = !(error instanceof BridgeFault || error instanceof MqttError);
      // A fault of ours costs the bridge its connection, and the broker nothing.
      if (isOurs) this.#ports.warn("Fault in a bridge", { bridge: this.options.name, error });
      if (side !== undefined) {
        this.#failed(side, faultOf(error, isOurs ? "internal" : "protocol_error"), nowMs);
      } else this.#dropLocal();
    }
  }

  /** A connection has failed, before its CONNACK or behind it. */
  #failed(side: RemoteSide, fault: BridgeFault, nowMs: number): void {
    const wasConnected = side.phase === "connected";
    this.#ports.closeRemote(side.id);
    if (side === this.#probe) {
      this.#probe = undefined;
      this.#probeAtMs = nowMs + this.#probeBackoff.next();
      return;
    }
    if (side !== this.#remote) return;
    this.#remote = undefined;
    this.counters.failures++;
    this.#reason = fault.reason;
    this.#message = fault.message;
    if (wasConnected) return this.#lost(nowMs);
    if (this.#isOfVersion(side, fault) && side.attempt + 1 < this.#attempts.length) {
      return this.#connect(side.addressIndex, side.attempt + 1, nowMs);
    }
    if (this.#addressesLeft > 0) {
      this.#addressesLeft--;
      return this.#connect((side.addressIndex + 1) % this.options.addresses.length, 0, nowMs);
    }
    this.#wait(this.#backoff.next(), nowMs);
  }

  /**
   * Whether the remote broker does not speak what was asked for. Some close in the place of saying so; but so does a network that fails,
   * and with less there would be echoes: so it has to happen again and again, and never to have been otherwise.
   */
  #isOfVersion({ attempt }: RemoteSide, { reason }: BridgeFault): boolean {
    if (reason === "version") return true;
    if (reason !== "closed" || attempt === this.#provenAttempt) return false;
    const closes = (this.#closes[attempt] ?? 0) + 1;
    this.#closes[attempt] = closes;
    return closes >= CLOSES_BEFORE_LESS;
  }

  #lost(nowMs: number): void {
    const hasLasted = nowMs - this.#connectedAtMs >= LASTED_MS;
    this.#dropLocal();
    this.#dropProbe();
    this.#limits = undefined;
    this.#relay = undefined;
    this.#notifyLocally(OFFLINE);
    if (this.options.startType === "once") {
      return this.#enter("ended", this.#reason, this.#message, nowMs);
    }
    if (hasLasted) this.#backoff.reset();
    if (this.options.roundRobin) {
      this.#addressIndex = (this.#addressIndex + 1) % this.options.addresses.length;
    }
    this.#wait(hasLasted ? this.#ports.random() * FIRST_RETRY_MS : this.#backoff.next(), nowMs);
  }

  #wait(delayMs: number, nowMs: number): void {
    if (this.options.startType === "once") {
      return this.#enter("ended", this.#reason, this.#message, nowMs);
    }
    this.#retryAtMs = nowMs + delayMs;
    this.#enter("waiting", this.#reason, this.#message, nowMs);
  }

  #enter(state: BridgeState, reason: BridgeReason, message: string, nowMs: number): void {
    this.#state = state;
    this.#reason = reason;
    this.#message = message;
    this.#sinceMs = nowMs;
    this.#ports.changed(this.status);
  }

  #watch(side: RemoteSide, nowMs: number): void {
    if (side.phase !== "connected") {
      if (nowMs < side.deadlineMs) return;
      const message = `No answer within ${CONNECT_TIMEOUT_MS / 1000} s`;
      return this.#failed(side, new BridgeFault("timeout", message), nowMs);
    }
    if (nowMs >= side.goneAtMs) {
      const message = "The remote broker does not answer pings";
      return this.#failed(side, new BridgeFault("keep_alive", message), nowMs);
    }
    ping(side, nowMs);
  }

  /** More may go out, where there is a rate. */
  #allow(nowMs: number): void {
    const { maxRate } = this.options;
    if (maxRate === 0) return;
    const relay = this.#relay!;
    const most = Math.max(1, maxRate * RATE_STEP_MS * 2 / 1000);
    relay.allowance = Math.min(most, relay.allowance + (nowMs - this.#rateAtMs) * maxRate / 1000);
    this.#rateAtMs = nowMs;
    this.#guard(this.#remote, nowMs, () => this.#retryLocal());
  }

  #lookWhatWaits(nowMs: number): void {
    this.#activeAtMs = nowMs;
    const waiting = this.#ports.localSession()?.waiting ?? 0;
    if (waiting >= this.options.threshold) this.#beginRound(nowMs);
  }

  #lookWhetherIdle(nowMs: number): void {
    const { startType, idleTimeoutSeconds } = this.options;
    if (startType !== "lazy") return;
    const activity = this.counters.messagesIn + this.counters.messagesOut;
    if (activity !== this.#activity) {
      this.#activity = activity;
      this.#activeAtMs = nowMs;
    }
    if (nowMs < this.#activeAtMs + idleTimeoutSeconds * 1000) return;
    this.#leave();
    this.#enter("idle", "idle", "Nothing has crossed for a while", nowMs);
  }

  /** Ends everything that is open, with a goodbye where that is possible. */
  #leave(): void {
    const wasConnected = this.#remote?.phase === "connected";
    this.#sayGoodbye();
    this.#dropLocal();
    this.#dropProbe();
    this.#retryAtMs = Infinity;
    this.#limits = undefined;
    this.#relay = undefined;
    if (wasConnected) this.#notifyLocally(OFFLINE);
  }

  #sayGoodbye(): void {
    const side = this.#remote;
    if (side === undefined) return;
    if (side.phase === "connected") {
      this.#notifyRemotely(OFFLINE);
      putPacket(side.output, { type: "disconnect", reasonCode: 0 }, this.#limits!.version);
    }
    this.#ports.closeRemote(side.id);
    this.#remote = undefined;
  }

  #dropLocal(): void {
    if (this.#local === undefined) return;
    this.#ports.closeLocal(this.#local.id);
    this.#local = undefined;
  }

  #dropProbe(): void {
    this.#probeAtMs = Infinity;
    if (this.#probe === undefined) return;
    this.#ports.closeRemote(this.#probe.id);
    this.#probe = undefined;
  }

  #notify(payload: Uint8Array): void {
    this.#notifyLocally(payload);
    this.#notifyRemotely(payload);
  }

  #notifyLocally(payload: Uint8Array): void {
    if (this.options.notifications) this.#ports.notify(payload === ONLINE ? "1" : "0");
  }

  #notifyRemotely(payload: Uint8Array): void {
    const { notifications, notificationsLocalOnly } = this.options;
    if (!notifications || notificationsLocalOnly) return;
    putPacket(this.#remote!.output, {
      type: "publish",
      topicName: notificationTopicOf(this.options),
      payload,
      qos: 0,
      retain: this.#limits!.retainAvailable,
      dup: false,
      packetId: 0,
      properties: undefined,
    }, this.#limits!.version);
  }

  #sideOf(id: number): Side | undefined {
    return [this.#remote, this.#probe, this.#local].find((side) => side?.id === id);
  }

  #remoteOf(id: number): RemoteSide | undefined {
    return [this.#remote, this.#probe].find((side) => side?.id === id);
  }
}

function ping(side: Side, nowMs: number): void {
  if (nowMs < side.pingAtMs) return;
  side.lastSentMs = nowMs;
  putPacket(side.output, { type: "pingreq" }, 5);
}
