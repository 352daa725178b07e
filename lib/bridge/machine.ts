/**
 * One bridge as a machine without I/O: events come in, calls of its ports and bytes go out. So it runs in the simulation as on the network.
 *
 * | state        | leaves it when                                             | to                              |
 * |--------------|------------------------------------------------------------|---------------------------------|
 * | `connecting` | CONNACK accepts it                                         | `connected`                     |
 * |              | this address failed: tries the next one or a lower version | `connecting`                    |
 * |              | all have failed                                            | `waiting`, once: `ended`        |
 * | `connected`  | the connection is lost, or a peer breaks the rules         | `connecting`, `waiting`, `ended`|
 * |              | lazy: no message has crossed for a while                   | `idle`                          |
 * |              | the primary has accepted a second connection               | `connected`, to the primary     |
 * | `waiting`    | its time is over                                           | `connecting`                    |
 * | `idle`       | enough messages wait                                       | `connecting`                    |
 *
 * `transitions.ts` has this table as data, `dial_plan.ts` decides which address is tried when and with which version, `remote_half.ts` and
 * `local_half.ts` have the two connections, and `pace.ts` serves a rate and a lazy bridge.
 *
 * The local connection is opened when the remote broker has accepted, because its CONNECT carries the remote Receive Maximum. Before that
 * it is opened once to subscribe, so that messages wait from the start.
 *
 * @module
 */
import { MqttError, type Packet } from "../codec/mod.ts";
import { type Answerer, checkSuback, endOf, localRefusal } from "./answers.ts";
import { type Dial, DialPlan } from "./dial_plan.ts";
import { faultOf } from "./faults.ts";
import { LocalHalf } from "./local_half.ts";
import { Notices } from "./notices.ts";
import { type BridgeOptions, localClientIdOf } from "./options.ts";
import type { Output } from "./output.ts";
import { Pace } from "./pace.ts";
import type { BridgePorts } from "./ports.ts";
import { Relay } from "./relay.ts";
import { ping, RemoteHalf, watch, watchAtMs } from "./remote_half.ts";
import type { RemoteLimits } from "./remote_limits.ts";
import type { LocalSide, RemoteSide, Side } from "./sides.ts";
import {
  BridgeCounters,
  BridgeFault,
  type BridgeReason,
  type BridgeState,
  type BridgeStatus,
} from "./state.ts";
import { TopicRules } from "./topic_rules.ts";
import { type BridgeEvent, stateAfter } from "./transitions.ts";

/** The parts of a machine. */
export interface MachineInit {
  /** Every setting. */
  readonly options: BridgeOptions;
  /** This broker's name in hops. */
  readonly brokerId: string;
  /** The most bytes of a packet that the remote broker may send. */
  readonly maxPacketSizeBytes: number;
  /** The most bytes of a packet that this broker accepts. */
  readonly maxLocalPacketSizeBytes: number;
  /** The most messages in flight to a remote broker that sends no Receive Maximum. */
  readonly window: number;
  /** The filters to which an earlier configuration of the bridge subscribed at the remote broker. */
  readonly formerRemoteFilters?: readonly string[];
}

/** One bridge: its state, and what it does next. */
export class BridgeMachine {
  /** Its counters. */
  readonly counters: BridgeCounters = new BridgeCounters();
  readonly #init: MachineInit;
  readonly #ports: BridgePorts;
  readonly #rules: TopicRules;
  readonly #plan: DialPlan;
  readonly #pace: Pace;
  readonly #notices: Notices;
  readonly #remote: RemoteHalf;
  readonly #local: LocalHalf;
  #state: BridgeState = "connecting";
  #reason: BridgeReason = "starting";
  #message = "";
  #sinceMs = 0;
  #retryAtMs = Infinity;
  #probeAtMs = Infinity;
  #connectedAtMs = 0;
  #lastId = 0;
  #relay: Relay | undefined;
  #isStopped = false;

  /** Nothing happens before `start`. */
  constructor(init: MachineInit, ports: BridgePorts) {
    const { options, brokerId, maxPacketSizeBytes, window, formerRemoteFilters = [] } = init;
    this.#init = init;
    this.#ports = ports;
    this.#plan = new DialPlan(options, () => ports.random());
    this.#pace = new Pace(options);
    this.#notices = new Notices(options, ports);
    const rules = this.#rules = new TopicRules(options.topics);
    const shared = { options, rules, ports, nextId: () => ++this.#lastId };
    this.#local = new LocalHalf({ ...shared, window, counters: this.counters });
    this.#remote = new RemoteHalf({
      ...shared,
      plan: this.#plan,
      notices: this.#notices,
      brokerId,
      maxPacketSizeBytes,
      formerRemoteFilters,
    });
  }

  /** The present options. */
  get options(): BridgeOptions {
    return this.#init.options;
  }

  /** The present status. */
  get status(): BridgeStatus {
    const { name, addresses } = this.options;
    const { side, limits } = this.#remote;
    const { hostname, port } = addresses[side?.addressIndex ?? this.#plan.addressIndex]!;
    return {
      name,
      state: this.#state,
      node: "",
      reason: this.#reason,
      message: this.#message,
      address: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
      protocolVersion: limits?.version ?? 0,
      sinceMs: this.#sinceMs,
      retryAtMs: this.#retryAtMs,
      localClientId: localClientIdOf(this.options),
      counters: this.counters,
    };
  }

  /** The bytes that wait to be written to a connection. */
  outputOf(id: number): Output | undefined {
    return this.#sideOf(id)?.output;
  }

  /** Whether more may be read from a connection. */
  mayRead(id: number): boolean {
    const side = this.#sideOf(id);
    return side?.mayRead(side === this.#local.side ? this.#remote.side : this.#local.side) ?? false;
  }

  /** Begins: subscribes in this broker, and connects to the remote one. */
  start(nowMs: number): void {
    this.#sinceMs = nowMs;
    if (!this.options.localCleanSession) this.#local.prepare(nowMs);
    if (this.options.startType === "lazy") return this.#enter("rests", "idle", "", nowMs);
    this.#beginRound(nowMs);
  }

  /** Ends the bridge with DISCONNECT on both sides. Nothing more happens. */
  stop(nowMs: number): void {
    this.#isStopped = true;
    this.#leave();
    this.#enter("ends", "", "stopped", nowMs);
  }

  /** A stream is open. */
  opened(id: number, nowMs: number): void {
    const side = this.#remote.sideOf(id);
    if (side === undefined) return;
    try {
      this.#remote.greet(side);
    } catch (error) {
      this.#failed(side, faultOf(error, "password_file"), nowMs);
    }
  }

  /** A stream could not be opened. */
  failed(id: number, reason: BridgeReason, message: string, nowMs: number): void {
    const side = this.#remote.sideOf(id);
    if (side !== undefined) this.#failed(side, new BridgeFault(reason, message), nowMs);
  }

  /** Handles bytes from a remote broker. The array may be reused after the call. */
  remoteBytes(id: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const side = this.#remote.sideOf(id);
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
    const side = this.#remote.sideOf(id);
    if (side === undefined) return;
    const message = side.phase === "connected"
      ? "The remote broker has closed the connection"
      : "The remote broker has closed the connection instead of answering CONNECT";
    this.#failed(side, new BridgeFault("closed", message), nowMs);
  }

  /** Handles bytes from this broker. The array may be reused after the call. */
  localBytes(id: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const { side } = this.#local;
    if (side?.id !== id) return;
    side.lastReceivedMs = nowMs;
    this.#guard(this.#remote.side, nowMs, () => {
      side.receive(bytes, start, end, (bytes, start, end) => {
        return this.#fromLocal(side, bytes, start, end);
      });
    });
  }

  /** This broker has closed its connection. */
  localEnded(id: number, nowMs: number): void {
    const { side } = this.#local;
    if (side?.id !== id) return;
    this.#local.side = undefined;
    if (side.isPreparing || this.#remote.side?.phase !== "connected") return;
    const message = "This broker has closed the connection of its bridge";
    this.#failed(this.#remote.side, new BridgeFault("local_closed", message), nowMs);
  }

  /** Does what is due at `nowMs`. */
  tick(nowMs: number): void {
    if (this.#isStopped) return;
    if (nowMs >= this.#retryAtMs) this.#beginRound(nowMs);
    if (nowMs >= this.#probeAtMs) {
      // Tries the primary while another address is connected.
      this.#probeAtMs = Infinity;
      this.#remote.dial({ addressIndex: 0, attempt: 0 }, "probe", nowMs);
    }
    for (const side of this.#remote.sides) {
      const fault = watch(side, nowMs);
      if (fault !== undefined) this.#failed(side, fault, nowMs);
    }
    if (this.#local.side !== undefined) ping(this.#local.side, nowMs);
    if (this.#state === "idle") this.#lookWhatWaits(nowMs);
    if (this.#state !== "connected") return;
    if (this.#pace.allow(this.#relay!, nowMs)) {
      this.#guard(this.#remote.side, nowMs, () => this.#retryLocal());
    }
    this.#lookWhetherIdle(nowMs);
  }

  /** When `tick` is to be called, in the clock's milliseconds. */
  get nextMs(): number {
    if (this.#isStopped) return Infinity;
    return Math.min(
      this.#retryAtMs,
      this.#probeAtMs,
      this.#local.side?.pingAtMs ?? Infinity,
      ...this.#remote.sides.map(watchAtMs),
      this.#state === "idle" ? this.#pace.lookAtMs(this.#sinceMs) : Infinity,
      this.#state === "connected" ? this.#pace.nextMs(this.#relay!) : Infinity,
    );
  }

  #beginRound(nowMs: number): void {
    this.#retryAtMs = Infinity;
    this.#connect(this.#plan.begin(), nowMs);
  }

  #connect(dial: Dial, nowMs: number): void {
    this.#plan.addressIndex = dial.addressIndex;
    if (this.#state !== "connecting") this.#enter("dials", this.#reason, this.#message, nowMs);
    this.#remote.dial(dial, "side", nowMs);
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
      const welcome = this.#remote.welcome(side, bytes, at, end);
      if (welcome === undefined) return at;
      at += welcome.length;
      this.#connected(side, welcome.limits, nowMs);
    }
    return side === this.#remote.side ? this.#relay!.fromRemote(bytes, at, end) : end;
  }

  /** The remote broker has accepted the connection. */
  #connected(side: RemoteSide, limits: RemoteLimits, nowMs: number): void {
    this.#remote.accept(side, limits, nowMs);
    this.#plan.accepted(side);
    this.#connectedAtMs = nowMs;
    this.counters.connects++;
    const relay = this.#relay = this.#newRelay(side, this.#local.open(nowMs, limits), limits);
    this.#pace.connected(relay, nowMs);
    relay.mayPublish = this.#remote.subscribe(side, limits);
    this.#probeAtMs = nowMs + this.#plan.probeMs(side.addressIndex);
    this.#enter("accepted", "", "", nowMs);
    this.#notices.locally("1");
    this.#notices.remotely("1", side.output, limits);
  }

  #newRelay(remote: RemoteSide, local: LocalSide, limits: RemoteLimits): Relay {
    const { brokerId, maxPacketSizeBytes, maxLocalPacketSizeBytes } = this.#init;
    return new Relay({
      options: this.options,
      rules: this.#rules,
      limits,
      brokerId,
      maxPacketSizeBytes,
      maxLocalPacketSizeBytes,
      counters: this.counters,
      toRemote: remote.output,
      toLocal: local.output,
      onAnswer: (from, packet) => this.#answered(from, packet),
    });
  }

  #fromLocal(side: LocalSide, bytes: Uint8Array, start: number, end: number): number {
    if (side.isPreparing) return this.#local.prepared(side, bytes, start, end);
    return this.#relay?.fromLocal(bytes, start, end) ?? end;
  }

  /** Handles a packet that the relay does not pass on. */
  #answered(from: Answerer, packet: Packet): void {
    if (packet.type === "pingresp") return;
    if (packet.type === "suback" || packet.type === "unsuback") {
      const { options, counters } = this;
      if (from === "remote" && this.#remote.side!.pendingAnswers === 0) {
        const message = `Unexpected ${packet.type.toUpperCase()} (remote)`;
        throw new BridgeFault("protocol_error", message);
      }
      checkSuback({ options, counters, ports: this.#ports }, from, packet);
      if (from === "local" || !this.#remote.subscribed()) return;
      this.#relay!.mayPublish = true;
      return this.#retryLocal();
    }
    if (packet.type !== "connack" || from === "remote") {
      throw endOf(from, packet, this.options.remoteClientId);
    }
    const refusal = localRefusal(packet.reasonCode);
    if (refusal !== undefined) throw refusal;
    this.#local.side!.keepAliveSeconds = packet.properties?.serverKeepAlive ?? 0;
  }

  #retryLocal(): void {
    const { side } = this.#local;
    side?.retry((bytes, start, end) => this.#fromLocal(side, bytes, start, end));
  }

  /** Calls `act`; an error that it throws ends the connection. */
  #guard(side: RemoteSide | undefined, nowMs: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      const isOurs = !(error instanceof BridgeFault || error instanceof MqttError);
      // An error of ours ends the bridge's connection, but does not affect the broker.
      if (isOurs) this.#ports.warn("Fault in a bridge", { bridge: this.options.name, error });
      if (side === undefined) this.#local.drop();
      else this.#failed(side, faultOf(error, isOurs ? "internal" : "protocol_error"), nowMs);
    }
  }

  /** A connection has failed, before or after its CONNACK. */
  #failed(side: RemoteSide, fault: BridgeFault, nowMs: number): void {
    const remote = this.#remote;
    this.#ports.closeRemote(side.id);
    if (side === remote.probe) {
      remote.probe = undefined;
      this.#probeAtMs = nowMs + this.#plan.probeMs(remote.side?.addressIndex ?? 0);
      return;
    }
    if (side !== remote.side) return;
    remote.side = undefined;
    this.counters.failures++;
    this.#reason = fault.reason;
    this.#message = fault.message;
    if (side.phase === "connected") return this.#lost(nowMs);
    const dial = this.#plan.after(side, fault);
    if (dial !== undefined) this.#connect(dial, nowMs);
    else this.#wait(() => this.#plan.failedMs(), nowMs);
  }

  #lost(nowMs: number): void {
    this.#forget();
    this.#notices.locally("0");
    this.#wait(() => this.#plan.lostMs(nowMs - this.#connectedAtMs), nowMs);
  }

  #wait(delayMs: () => number, nowMs: number): void {
    const isOnce = this.options.startType === "once";
    if (!isOnce) this.#retryAtMs = nowMs + delayMs();
    this.#enter(isOnce ? "ends" : "gives_up", this.#reason, this.#message, nowMs);
  }

  #enter(event: BridgeEvent, reason: BridgeReason, message: string, nowMs: number): void {
    this.#state = stateAfter(this.#state, event);
    this.#reason = reason;
    this.#message = message;
    this.#sinceMs = nowMs;
    this.#ports.changed(this.status);
  }

  #lookWhatWaits(nowMs: number): void {
    const waiting = this.#ports.localSession()?.waiting ?? 0;
    if (this.#pace.isWorthIt(waiting, nowMs)) this.#beginRound(nowMs);
  }

  #lookWhetherIdle(nowMs: number): void {
    const { messagesIn, messagesOut } = this.counters;
    if (!this.#pace.isIdle(messagesIn + messagesOut, nowMs)) return;
    this.#leave();
    this.#enter("rests", "idle", "Nothing has crossed for a while", nowMs);
  }

  /** Ends all open connections, with DISCONNECT if possible. */
  #leave(): void {
    const wasConnected = this.#remote.side?.phase === "connected";
    this.#remote.sayGoodbye();
    this.#retryAtMs = Infinity;
    this.#forget();
    if (wasConnected) this.#notices.locally("0");
  }

  /** Forgets everything about the last connection. */
  #forget(): void {
    this.#local.drop();
    this.#probeAtMs = Infinity;
    this.#remote.dropProbe();
    this.#remote.limits = undefined;
    this.#relay = undefined;
  }

  #sideOf(id: number): Side | undefined {
    return this.#local.side?.id === id ? this.#local.side : this.#remote.sideOf(id);
  }
}
