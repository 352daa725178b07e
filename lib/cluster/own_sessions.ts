import type { Delivery, LogPort, SessionChange, StoredWill, Subscription } from "../broker/mod.ts";
import { DoneWith } from "./done_with.ts";
import type { Homes } from "./homes.ts";
import { Reserved } from "./reserved.ts";
import type { ChangeLog, SessionHost } from "./session_ports.ts";

/** For {@linkcode OwnSessions.whileApplying}: it is so of every session. */
export const ALL_SESSIONS: unique symbol = Symbol("all sessions");
/** With more than that a client's arrival does not repeat its subscriptions, unless it comes from another node. */
const MAX_REPEATED = 100;

/** What this node tells the others about its own sessions: it sees it in what the broker writes to its store. */
export class OwnSessions {
  /** What they are done with. */
  readonly done: DoneWith;
  /** What is written of this session now is what the log says; `undefined`: of none. */
  #applyingTo: string | typeof ALL_SESSIONS | undefined;
  readonly #node: string;
  readonly #homes: Homes;
  readonly #log: ChangeLog;
  readonly #lines: LogPort;
  #host: SessionHost | undefined;
  /** Sessions that have come from another node, or from an earlier process: all others need all their subscriptions. */
  readonly #moved = new Set<string>();
  /** Sessions whose clients were there when an earlier process ended. */
  readonly #left = new Set<string>();
  readonly #reserved = new Reserved();

  /** `homes` say which are this node's. */
  constructor(node: string, homes: Homes, log: ChangeLog, lines: LogPort) {
    this.#node = node;
    this.#homes = homes;
    this.#log = log;
    this.#lines = lines;
    this.done = new DoneWith(log, (clientId) => this.#isTold(clientId));
  }

  /** The node writes from here on; `sequence`: the last record that is applied. */
  begin(host: SessionHost, sequence: () => number): void {
    this.#host = host;
    this.done.begin(host, sequence);
  }

  /** Whether the node writes. */
  get hasBegun(): boolean {
    return this.#host !== undefined;
  }

  /** What `apply` writes of this session is what the log says: it is not told again. */
  whileApplying<T>(clientId: string | typeof ALL_SESSIONS, apply: () => T): T {
    this.#applyingTo = clientId;
    try {
      return apply();
    } finally {
      this.#applyingTo = undefined;
    }
  }

  /** A session is this node's from here on. `isMoved`: it was another's; `isAnew`: what there was of it has ended. */
  came(clientId: string, isMoved: boolean, isAnew: boolean): void {
    if (isMoved) this.#moved.add(clientId);
    if (isAnew) this.done.forgetGivenUp(clientId);
    this.#left.add(clientId);
  }

  /** A session is in the store of this node, which may be ahead of the log: others need all its subscriptions as well. */
  restored(clientId: string, wasConnected: boolean): void {
    this.#moved.add(clientId);
    if (wasConnected) this.#left.add(clientId);
  }

  /** A session is another node's from here on, or nobody's: what was still to be told of it does not count. */
  went(clientId: string): void {
    this.ended(clientId);
    this.done.forget(clientId);
    this.#reserved.forget(clientId);
    this.#moved.delete(clientId);
  }

  /** A session has ended, or is a dead node's no more. */
  ended(clientId: string): void {
    this.#left.delete(clientId);
    this.done.forgetGivenUp(clientId);
  }

  /** An earlier process of this node has said whether a client is there. */
  setLeft(clientId: string, isLeft: boolean): void {
    if (isLeft) this.#left.add(clientId);
    else this.#left.delete(clientId);
  }

  /** Sessions whose clients were there when an earlier process ended; they are forgotten here. */
  takeLeft(): readonly string[] {
    const left = [...this.#left];
    this.#left.clear();
    return left;
  }

  /** {@linkcode Store.putSession} */
  putSession(
    clientId: string,
    expirySeconds: number,
    expiresAtMs: number,
    owner: string | undefined,
  ): void {
    if (expirySeconds <= 0 || !this.#isTold(clientId)) return;
    this.#left.delete(clientId);
    this.done.tellOf(clientId);
    const change = { kind: "session", clientId, expirySeconds, expiresAtMs, owner } as const;
    const isArrival = expiresAtMs === Infinity;
    const subscriptions = isArrival ? [...this.#host!.subscriptionsOf(clientId)] : [];
    const isMoved = isArrival && this.#moved.delete(clientId);
    if (!isArrival || subscriptions.length > MAX_REPEATED && !isMoved) {
      return void this.#tell(change);
    }
    if (this.#log.change({ ...change, subscriptions }, true)) return;
    // Too many for one record.
    this.#tell(change);
    for (const subscription of subscriptions) this.putSubscription(clientId, subscription);
  }

  /** {@linkcode Store.deleteSession}; returns whether others are told. */
  deleteSession(clientId: string): boolean {
    const isTold = this.#isTold(clientId) && this.#tell({ kind: "ended", clientId });
    this.done.forget(clientId);
    this.#reserved.forget(clientId);
    this.#moved.delete(clientId);
    return isTold;
  }

  /** {@linkcode Store.putSubscription}; returns whether others are told. */
  putSubscription(clientId: string, subscription: Subscription): boolean {
    return this.#isTold(clientId) && this.#tell({ kind: "subscribed", clientId, subscription });
  }

  /** {@linkcode Store.deleteSubscription}; returns whether others are told. */
  deleteSubscription(clientId: string, topicFilter: string): boolean {
    if (!this.#isTold(clientId)) return false;
    this.done.gaveUp(clientId, topicFilter);
    return this.#tell({ kind: "unsubscribed", clientId, topicFilter });
  }

  /** {@linkcode Store.putInFlight}: only of QoS 2, others are sent again under any Packet Identifier. */
  putInFlight(
    clientId: string,
    delivery: Delivery | undefined,
    packetId: number,
    state: "published" | "released",
  ): void {
    if (delivery?.qos !== 2 || !this.#isTold(clientId)) return;
    const { message: { logId = 0 }, sequence, share } = delivery;
    const isOfLog = logId > 0 && share === undefined;
    const isNews = isOfLog || this.#reserved.add(clientId, sequence, packetId);
    // The client has it: it is not to be sent again where the client comes to another node.
    const hasTaken = share !== undefined && state === "released";
    if (!isNews && !hasTaken) return;
    // It may have the Packet Identifier of one that is done with.
    this.done.tellOf(clientId);
    if (isOfLog) this.#tell({ kind: "inFlight", clientId, logId, packetId, state });
    else if (share === undefined || hasTaken) this.#tell({ kind: "reserved", clientId, packetId });
    else this.#tell({ kind: "sent", clientId, packetId, share, logId });
  }

  /** {@linkcode Store.deleteDelivery}: others hear of it a little later, of many together. */
  deleteDelivery(clientId: string, delivery: Delivery): void {
    const { message: { logId = 0 }, share, sequence } = delivery;
    if (!this.#isTold(clientId)) return;
    if (logId > 0 && share === undefined) return this.done.add(clientId, logId);
    const packetId = this.#reserved.free(clientId, sequence);
    if (packetId !== undefined) this.#log.change({ kind: "freed", clientId, packetId }, false);
  }

  /** {@linkcode Store.putWill}, {@linkcode Store.deleteWill}; returns whether others are told. */
  putWill(clientId: string, will: StoredWill | undefined): boolean {
    return this.#isTold(clientId) &&
      this.#tell({ kind: "will", clientId, ...will === undefined ? {} : { will } });
  }

  /** {@linkcode Store.deleteReceived} */
  deleteReceived(clientId: string, packetId: number): void {
    if (this.#isTold(clientId)) this.#tell({ kind: "released", clientId, packetId });
  }

  #tell(change: SessionChange): boolean {
    if (this.#log.change(change, true)) return true;
    const { clientId, kind } = change;
    this.#lines.error("Other nodes cannot be told of a session: too large", { clientId, kind });
    return false;
  }

  /** Whether the session is this node's, and the change is the broker's own. */
  #isTold(clientId: string): boolean {
    const isOfLog = this.#applyingTo === ALL_SESSIONS || this.#applyingTo === clientId;
    return this.#host !== undefined && !isOfLog && this.#homes.of(clientId) === this.#node;
  }
}
