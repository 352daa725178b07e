import { decodePacket, frameLength } from "../codec/mod.ts";
import type { Dial, DialPlan } from "./dial_plan.ts";
import { connackFault, encodeConnect } from "./handshake.ts";
import type { Notices } from "./notices.ts";
import type { BridgeOptions } from "./options.ts";
import type { BridgePorts } from "./ports.ts";
import { putPacket } from "./relay.ts";
import { limitsOf, type RemoteLimits } from "./remote_limits.ts";
import { RemoteSide, type Side } from "./sides.ts";
import { BridgeFault } from "./state.ts";
import { putSubscriptions } from "./subscriptions.ts";
import type { TopicRules } from "./topic_rules.ts";

/** The longest time from opening a stream to its CONNACK, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** The longest wait for a SUBACK or UNSUBACK, milliseconds: it may stand behind many retained messages. */
const ANSWER_TIMEOUT_MS = 60_000;

/** The parts of the remote half of a bridge. */
export interface RemoteHalfInit {
  readonly options: BridgeOptions;
  readonly rules: TopicRules;
  readonly plan: DialPlan;
  readonly ports: BridgePorts;
  readonly notices: Notices;
  /** This broker's name in hops. */
  readonly brokerId: string;
  /** The most bytes of a packet that this broker accepts. */
  readonly maxPacketSizeBytes: number;
  /** The filters to which an earlier configuration of the bridge subscribed. */
  readonly formerRemoteFilters: readonly string[];
  /** Returns the id of the next connection. */
  readonly nextId: () => number;
}

/**
 * The bridge as a client of the remote broker: one connection, and possibly a second one that tries the primary while another address is
 * connected.
 */
export class RemoteHalf {
  /** The connection in use, or being opened. */
  side: RemoteSide | undefined;
  /** The second connection. */
  probe: RemoteSide | undefined;
  /** The limits of the remote broker; `undefined` before one has accepted us. */
  limits: RemoteLimits | undefined;
  readonly #init: RemoteHalfInit;
  /** Whether all subscriptions were made in the present session. */
  #hasSubscribed = false;

  /** Opens nothing yet. */
  constructor(init: RemoteHalfInit) {
    this.#init = init;
  }

  /** The connections that are open or being opened. */
  get sides(): readonly RemoteSide[] {
    return [this.side, this.probe].filter((side) => side !== undefined);
  }

  /** The connection with this id; `undefined` if it has ended. */
  sideOf(id: number): RemoteSide | undefined {
    if (this.side?.id === id) return this.side;
    return this.probe?.id === id ? this.probe : undefined;
  }

  /** Opens a connection; `as` is its purpose. */
  dial({ addressIndex, attempt }: Dial, as: "side" | "probe", nowMs: number): void {
    const { nextId, options, ports } = this.#init;
    const side = new RemoteSide(nextId(), nowMs, addressIndex, attempt, CONNECT_TIMEOUT_MS);
    this[as] = side;
    ports.openRemote(side.id, options.addresses[addressIndex]!);
  }

  /** Sends CONNECT, because the stream is open. Throws if the password cannot be read. */
  greet(side: RemoteSide): void {
    const { options, plan, ports, maxPacketSizeBytes, brokerId } = this.#init;
    side.phase = "asking";
    const attempt = plan.attempts[side.attempt]!;
    side.output.put(
      encodeConnect(options, attempt, ports.password(), maxPacketSizeBytes, brokerId),
    );
  }

  /** Reads the CONNACK at the beginning; returns its size and limits, or `undefined` if it is incomplete. Throws if it is a refusal. */
  welcome(
    side: RemoteSide,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): { readonly length: number; readonly limits: RemoteLimits } | undefined {
    const { options, plan, maxPacketSizeBytes } = this.#init;
    const length = frameLength(bytes, start, end, maxPacketSizeBytes);
    if (length === 0 || start + length > end) return undefined;
    const { version } = plan.attempts[side.attempt]!;
    const packet = decodePacket(bytes, start, start + length, version);
    if (packet.type !== "connack") {
      throw new BridgeFault("protocol_error", "The first packet is no CONNACK");
    }
    const fault = connackFault(packet, version);
    if (fault !== undefined) throw fault;
    return { length, limits: limitsOf(packet, version, options) };
  }

  /** Makes this the connection in use; leaves any other. */
  accept(side: RemoteSide, limits: RemoteLimits, nowMs: number): void {
    if (side === this.probe) {
      this.probe = undefined;
      this.sayGoodbye();
      this.#hasSubscribed = false;
    }
    side.phase = "connected";
    side.keepAliveSeconds = limits.keepAliveSeconds;
    side.lastSentMs = nowMs;
    this.side = side;
    this.limits = limits;
  }

  /** Subscribes at the remote broker; returns true if there is no answer to wait for. */
  subscribe(side: RemoteSide, limits: RemoteLimits): boolean {
    const { options: { attemptUnsubscribe }, rules, formerRemoteFilters } = this.#init;
    const filters = rules.remoteFilters;
    const wanted = new Set(filters.map(({ topicFilter }) => topicFilter));
    const former = new Set([
      ...attemptUnsubscribe ? rules.remoteFiltersOutOnly : [],
      ...formerRemoteFilters.filter((filter) => !wanted.has(filter)),
    ]);
    // Skipped before 5.0 in a known session, because every SUBSCRIBE brings all retained messages again.
    const isDone = limits.sessionPresent && this.#hasSubscribed && limits.version < 5;
    side.pendingAnswers = isDone ? 0 : putSubscriptions(
      side.output,
      limits.version,
      limits.sessionPresent ? [...former] : [],
      filters,
      () => limits.sessionPresent ? 1 : 0,
    );
    waitForAnswer(side);
    return side.pendingAnswers === 0;
  }

  /** Counts a SUBACK or UNSUBACK; returns true for the last one. */
  subscribed(): boolean {
    const side = this.side!;
    side.pendingAnswers--;
    waitForAnswer(side);
    if (side.pendingAnswers > 0) return false;
    this.#hasSubscribed = true;
    return true;
  }

  /** Ends the connection, with DISCONNECT if it was accepted. */
  sayGoodbye(): void {
    const { side } = this;
    if (side === undefined) return;
    if (side.phase === "connected") {
      this.#init.notices.remotely("0", side.output, this.limits!);
      putPacket(side.output, { type: "disconnect", reasonCode: 0 }, this.limits!.version);
    }
    this.#init.ports.closeRemote(side.id);
    this.side = undefined;
  }

  /** Ends the second connection. */
  dropProbe(): void {
    if (this.probe !== undefined) this.#init.ports.closeRemote(this.probe.id);
    this.probe = undefined;
  }
}

/** Waits for the next answer from now on, if there is one to come. A broker may answer pings and nothing else. */
function waitForAnswer(side: RemoteSide): void {
  side.answerByMs = side.pendingAnswers === 0 ? Infinity : side.lastReceivedMs + ANSWER_TIMEOUT_MS;
}

/** Does what is due on a connection: sends a ping, or returns a fault. */
export function watch(side: RemoteSide, nowMs: number): BridgeFault | undefined {
  if (side.phase !== "connected") {
    if (nowMs < side.deadlineMs) return undefined;
    return new BridgeFault("timeout", `No answer within ${CONNECT_TIMEOUT_MS / 1000} s`);
  }
  if (nowMs >= side.goneAtMs) {
    return new BridgeFault("keep_alive", "The remote broker does not answer pings");
  }
  if (nowMs >= side.answerByMs) {
    const message = `No answer to SUBSCRIBE within ${ANSWER_TIMEOUT_MS / 1000} s`;
    return new BridgeFault("timeout", message);
  }
  ping(side, nowMs);
  return undefined;
}

/** When something is due on the connection, milliseconds. */
export function watchAtMs(side: RemoteSide): number {
  if (side.phase !== "connected") return side.deadlineMs;
  return Math.min(side.pingAtMs, side.goneAtMs, side.answerByMs);
}

/** Sends a PINGREQ that is due. */
export function ping(side: Side, nowMs: number): void {
  if (nowMs < side.pingAtMs) return;
  side.lastSentMs = nowMs;
  putPacket(side.output, { type: "pingreq" }, 5);
}
