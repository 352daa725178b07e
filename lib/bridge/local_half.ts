import { decodePacket, frameLength } from "../codec/mod.ts";
import { type AnswerEnv, checkSuback } from "./answers.ts";
import { localClientIdOf } from "./options.ts";
import type { BridgePorts } from "./ports.ts";
import { putPacket } from "./relay.ts";
import type { RemoteLimits } from "./remote_limits.ts";
import { LocalSide } from "./sides.ts";
import { putSubscriptions } from "./subscriptions.ts";
import type { TopicRules } from "./topic_rules.ts";

/** The parts of the local half of a bridge. */
export interface LocalHalfInit extends AnswerEnv {
  readonly rules: TopicRules;
  readonly ports: BridgePorts;
  /** The most messages in flight to a remote broker that sends no Receive Maximum. */
  readonly window: number;
  /** Returns the id of the next connection. */
  readonly nextId: () => number;
}

/** The bridge as a client of its own broker. It connects once to subscribe, before the remote broker is connected, and again when it is. */
export class LocalHalf {
  /** The open connection. */
  side: LocalSide | undefined;
  readonly #init: LocalHalfInit;
  /** Filters whose retained messages have not been sent to the remote broker yet. */
  readonly #owesRetained = new Set<string>();

  /** Opens nothing yet. */
  constructor(init: LocalHalfInit) {
    this.#init = init;
  }

  /** Creates the session with its subscriptions and leaves it, so that messages wait in it. */
  prepare(nowMs: number): void {
    const { ports, rules } = this.#init;
    const known = new Set(ports.localSession()?.topicFilters ?? []);
    for (const { topicFilter } of rules.localFilters) {
      if (!known.has(topicFilter)) this.#owesRetained.add(topicFilter);
    }
    const side = this.#open(nowMs, undefined);
    if (side.pendingAnswers === 0) this.#endPreparing(side);
  }

  /** The remote broker is connected, with these limits. */
  open(nowMs: number, limits: RemoteLimits): LocalSide {
    const side = this.#open(nowMs, limits);
    this.#owesRetained.clear();
    return side;
  }

  /** Ends the connection, if there is one. */
  drop(): void {
    if (this.side === undefined) return;
    this.#init.ports.closeLocal(this.side.id);
    this.side = undefined;
  }

  /** Handles bytes for a preparing connection; returns the offset of the first unhandled byte. */
  prepared(side: LocalSide, bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.side === side) {
      const length = frameLength(bytes, at, end, Infinity);
      if (length === 0 || at + length > end) return at;
      const packet = decodePacket(bytes, at, at + length, 5);
      at += length;
      if (packet.type !== "suback" && packet.type !== "unsuback") continue;
      checkSuback(this.#init, "local", packet);
      if (--side.pendingAnswers === 0) this.#endPreparing(side);
    }
    return end;
  }

  /** Opens a connection; without the remote broker's `limits` it only prepares. */
  #open(nowMs: number, limits: RemoteLimits | undefined): LocalSide {
    const { ports, options, nextId } = this.#init;
    const isPreparing = limits === undefined;
    const side = new LocalSide(nextId(), nowMs, isPreparing);
    this.side = side;
    // With a new session at the remote broker, its Packet Identifiers mean other messages.
    ports.openLocal(side.id, { forgetsReceived: limits?.sessionPresent === false });
    const { localCleanSession, localUserName } = options;
    putPacket(side.output, {
      type: "connect",
      protocolVersion: 5,
      cleanStart: localCleanSession,
      keepAliveSeconds: 0,
      clientId: localClientIdOf(options),
      ...localUserName === "" ? {} : { userName: localUserName },
      properties: {
        ...localCleanSession ? {} : { sessionExpiryInterval: 0xffff_ffff },
        receiveMaximum: isPreparing ? 1 : limits.receiveMaximum ?? this.#init.window,
      },
    }, 5);
    side.pendingAnswers = this.#subscribe(side, limits);
    return side;
  }

  #subscribe(side: LocalSide, limits: RemoteLimits | undefined): number {
    const { ports, rules } = this.#init;
    const filters = rules.localFilters;
    const wanted = new Set(filters.map(({ topicFilter }) => topicFilter));
    const former = ports.localSession()?.topicFilters.filter((known) => !wanted.has(known));
    const isFresh = limits?.sessionPresent === false;
    return putSubscriptions(side.output, 5, former ?? [], filters, (filter) => {
      if (limits === undefined) return 2;
      return isFresh || this.#owesRetained.has(filter) ? 0 : 1;
    });
  }

  #endPreparing(side: LocalSide): void {
    putPacket(side.output, { type: "disconnect", reasonCode: 0 }, 5);
    this.drop();
  }
}
