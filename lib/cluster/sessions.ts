import type {
  Delivery,
  LogPort,
  Message,
  SessionChange,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { BRIDGE_CLIENT_PREFIX, ownerWithHome } from "../broker/mod.ts";
import { Fences } from "./fences.ts";
import { GivenUp } from "./given_up.ts";
import { firstPlaceOf } from "./record.ts";
import { homeText, parseHome, type StoredHome } from "./stored_home.ts";

/** Takes what other nodes are to be told. {@linkcode Log.change} */
export interface ChangeLog {
  change(change: SessionChange, isAwaited: boolean): boolean;
}

/** Who has written a record, and what it had applied. {@linkcode Origin} */
interface Writer {
  readonly node: string;
  readonly since: number;
}

/** What of the broker is asked for. */
export interface SessionHost {
  /** {@linkcode FromCluster.firstPending} */
  firstPending(clientId: string): number | undefined;
  /** The subscriptions of a session. */
  subscriptionsOf(clientId: string): Iterable<Subscription>;
}

/** For {@linkcode SharedSessions.whileApplying}: it is so of every session. */
export const ALL_SESSIONS: unique symbol = Symbol("all sessions");
/** With more than that a client's arrival does not repeat its subscriptions, unless it comes from another node. */
const MAX_REPEATED = 100;
/** With more that is done with, others hear of it at once. */
const MAX_DONE = 1000;

/**
 * Which node each session belongs to, by the log; and what this node tells the others about its own: it sees it in what the broker writes to
 * its store.
 */
export class SharedSessions {
  /** Set when the node begins to write. */
  host: SessionHost | undefined;
  /** The last record that is applied. */
  sequence: () => number = () => 0;
  /** What is written of this session now is what the log says; `undefined`: of none. */
  #applyingTo: string | typeof ALL_SESSIONS | undefined;
  readonly #node: string;
  readonly #log: ChangeLog;
  readonly #lines: LogPort;
  /** The node of each session. */
  readonly #homes = new Map<string, string>();
  /** The record by which a session came to its node. What its node wrote before it had applied that does not count. */
  readonly #gainedAt = new Map<string, number>();
  /** The nodes that such a session has had before, as far as they are known. */
  readonly #losers = new Map<string, Set<string>>();
  /** Of sessions that have no node. */
  readonly fences: Fences = new Fences();
  /** What is stored with a session of which a part of the queue is in the store alone. */
  readonly #keptDone = new Map<string, string>();
  /** How many each node has. */
  readonly #counts = new Map<string, number>();
  /** Sessions that have come from another node: all others need all their subscriptions. */
  readonly #moved = new Set<string>();
  /** Messages that are done with, by session, of which others have not heard. */
  #done = new Map<string, number[]>();
  #doneCount = 0;
  /** Packet Identifiers of QoS 2 messages in flight that the log does not have, by session and place in the store. */
  readonly #reserved = new Map<string, Map<number, number>>();
  /** QoS 2 messages of sessions that this process has put into the log, and which the log has not come to. */
  readonly #unapplied = new Map<string, Set<number>>();
  readonly #givenUp = new GivenUp();
  /** Sessions of this node whose clients were there when an earlier process ended. */
  readonly #left = new Set<string>();

  constructor(node: string, log: ChangeLog, lines: LogPort) {
    this.#node = node;
    this.#log = log;
    this.#lines = lines;
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

  /** The node that the session belongs to; `undefined`: it is not shared. */
  homeOf(clientId: string): string | undefined {
    return this.#homes.get(clientId);
  }

  /** All that are known, and their nodes. */
  get homes(): Iterable<readonly [clientId: string, node: string]> {
    return this.#homes;
  }

  /** Sessions of this node. */
  *own(): IterableIterator<string> {
    for (const [clientId, home] of this.#homes) if (home === this.#node) yield clientId;
  }

  /** Whether a session of another node has this subscription. */
  haveElsewhere(topicFilter: string, host: SessionHost): boolean {
    for (const [clientId, home] of this.#homes) {
      if (home === this.#node) continue;
      for (const subscription of host.subscriptionsOf(clientId)) {
        if (subscription.topicFilter === topicFilter) return true;
      }
    }
    return false;
  }

  /** Nodes that have sessions. */
  get nodes(): Iterable<string> {
    return this.#counts.keys();
  }

  /** How many sessions belong to a node. */
  countOf(node: string): number {
    return this.#counts.get(node) ?? 0;
  }

  /** The sessions of a node that is dead belong to another one from here on; returns them. */
  inherited(dead: string, heir: string, sequence: number): readonly string[] {
    this.fences.died(dead, sequence);
    const clientIds = [...this.#homes].filter(([, home]) => home === dead).map(([id]) => id);
    for (const clientId of clientIds) {
      this.#setHome(clientId, heir, sequence);
      if (heir === this.#node) this.#left.add(clientId);
      else {
        this.#left.delete(clientId);
        this.#givenUp.forget(clientId);
      }
    }
    return clientIds;
  }

  /** {@linkcode ClusterPort.restored} */
  restored(clientId: string, stored: string, wasConnected: boolean): string {
    const { home, gained, done } = parseHome(stored);
    this.#setHome(clientId, home);
    if (gained !== undefined) {
      this.#gainedAt.set(clientId, gained.at);
      for (const loser of gained.losers) this.#addLoser(clientId, loser);
    }
    if (home === this.#node && wasConnected) this.#left.add(clientId);
    this.keepDone(clientId, done);
    return done;
  }

  /** The log is another one, or has lost its end: places behind this one say nothing any more. */
  forgetBehind(sequence: number): void {
    for (const [clientId, at] of this.#gainedAt) {
      if (at > sequence) this.#gainedAt.delete(clientId);
    }
  }

  /** {@linkcode ClusterPort.keepDone} */
  keepDone(clientId: string, text: string): void {
    if (text === "") this.#keptDone.delete(clientId);
    else this.#keptDone.set(clientId, text);
  }

  /**
   * The log has come to a claim, by which the session may begin anew; `true`: this node has the session from here on, or has it no more.
   */
  claimed(
    clientId: string,
    node: string,
    keepsSession: boolean,
    sequence: number,
    endsSession = false,
  ): boolean {
    const home = this.#homes.get(clientId);
    // Its node may have said something of the one before that stands behind the claim.
    if (endsSession && keepsSession && home === node) {
      this.fences.begunAnew(clientId, sequence, node);
    }
    const earlier = this.#losers.get(clientId) ?? [];
    this.#setHome(clientId, keepsSession ? node : undefined, sequence);
    // What its node says of it, and does not know yet that it has ended, must not begin it again.
    if (!keepsSession && home !== undefined && home !== node) {
      this.fences.ended(clientId, sequence, [...earlier, home]);
    }
    // Where it begins anew nothing of it is stored before its node speaks of it: after a restart this is what is left of the claim.
    const losers = this.#losers.get(clientId);
    if (losers !== undefined && home !== node) this.fences.ended(clientId, sequence, losers);
    if (endsSession) this.#givenUp.forget(clientId);
    if (node === this.#node && keepsSession) {
      if (home !== node) this.#moved.add(clientId);
      this.#left.add(clientId);
    } else {
      this.#left.delete(clientId);
      this.#done.delete(clientId);
      this.#givenUp.forget(clientId);
      this.#reserved.delete(clientId);
      this.#moved.delete(clientId);
    }
    return node === this.#node ? keepsSession : home === this.#node;
  }

  /** Whether what a node says of a session counts: the session belongs to that node. What nobody has heard of may be older than the log. */
  counts(change: SessionChange, { node, since }: Writer): boolean {
    const { clientId, kind } = change;
    const home = this.#homes.get(clientId);
    this.fences.seen(node, since);
    if (home === undefined && kind === "session") {
      if (!this.fences.passes(clientId, node, since)) return false;
      this.#setHome(clientId, node);
      return true;
    }
    return this.#isOf(clientId, node, since) && !this.fences.isOfEarlier(clientId, node, since);
  }

  /**
   * Whether a node claims the session of a bridge that has gone to another one, and did not know that. A client that comes to such a node is
   * there, whatever the node knows; a bridge is not, it only goes on where it has been.
   */
  isStale(clientId: string, { node, since }: Writer): boolean {
    if (!clientId.startsWith(BRIDGE_CLIENT_PREFIX)) return false;
    const home = this.#homes.get(clientId);
    return home !== undefined && home !== node && since < (this.#gainedAt.get(clientId) ?? 0);
  }

  /** Whether what a node says of its session does not count because that has begun anew there. */
  isOfEarlier({ clientId }: SessionChange, { node, since }: Writer): boolean {
    return this.#isOf(clientId, node, since) && this.fences.isOfEarlier(clientId, node, since);
  }

  /** A change that counts was applied. */
  applied(change: SessionChange, node: string): void {
    const { clientId } = change;
    if (change.kind === "ended") {
      this.#setHome(clientId, undefined);
      this.#left.delete(clientId);
      this.#givenUp.forget(clientId);
    } else if (change.kind === "session" && node === this.#node) {
      if (change.expiresAtMs === Infinity) this.#left.add(clientId);
      else this.#left.delete(clientId);
    }
  }

  /**
   * The log has come to what this process has said. Of subscriptions it held here before: messages that stand in between wait at other nodes
   * alone, and the next floor says that nobody is to get them.
   */
  ownApplied(change: SessionChange): void {
    const { kind, clientId } = change;
    const isAboutThem = kind === "subscribed" || kind === "unsubscribed" ||
      kind === "session" && change.subscriptions !== undefined;
    if (isAboutThem && !this.#done.has(clientId)) this.#done.set(clientId, []);
    if (kind === "unsubscribed") this.#givenUp.heard(clientId, change.topicFilter);
  }

  /** A message of the log is routed. Sessions that do not want it any more, and do by the log, are done with it: others hear so. */
  routed(message: Message): void {
    const { host } = this;
    if (host === undefined || this.#givenUp.isEmpty) return;
    for (const clientId of this.#givenUp.lacking(message, (id) => host.subscriptionsOf(id))) {
      this.#addDone(clientId, message.logId ?? 0);
    }
  }

  /** Whether a message counts that a node has put into the log for a client. `isOnce`: it is of QoS 2 or a will, of one with a session. */
  mayPublish(clientId: string, { node, since }: Writer, isOnce: boolean): boolean {
    const home = this.#homes.get(clientId);
    if (home === undefined) return !isOnce || this.fences.passes(clientId, node, since);
    return this.#isOf(clientId, node, since);
  }

  /** A QoS 2 message of a stored session is put into the log. */
  appended(clientId: string, packetId: number): void {
    let packetIds = this.#unapplied.get(clientId);
    if (packetIds === undefined) this.#unapplied.set(clientId, packetIds = new Set());
    packetIds.add(packetId);
  }

  /** The log has come to it. */
  published(clientId: string, packetId: number): void {
    const packetIds = this.#unapplied.get(clientId);
    if (packetIds?.delete(packetId) === true && packetIds.size === 0) {
      this.#unapplied.delete(clientId);
    }
  }

  /** Takes those that stand behind the claim of another node, where they do not count. */
  takeUnapplied(clientId: string): readonly number[] {
    const packetIds = [...this.#unapplied.get(clientId) ?? []];
    this.#unapplied.delete(clientId);
    return packetIds;
  }

  /** Sessions of this node whose clients were there when an earlier process ended; they are forgotten here. */
  takeLeft(): readonly string[] {
    const left = [...this.#left];
    this.#left.clear();
    return left;
  }

  /** The owner of a session as the node's own store keeps it. */
  ownerOf(clientId: string, owner: string | undefined): string | undefined {
    const home = this.#homes.get(clientId);
    if (home === undefined) return owner;
    const done = this.#keptDone.get(clientId) ?? "";
    return ownerWithHome(owner, homeText({ home, ...this.#gainedOf(clientId), done }));
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
    this.#tellDoneOf(clientId);
    const change = { kind: "session", clientId, expirySeconds, expiresAtMs, owner } as const;
    const isArrival = expiresAtMs === Infinity;
    const subscriptions = isArrival ? [...this.host!.subscriptionsOf(clientId)] : [];
    const isMoved = this.#moved.delete(clientId);
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
    this.#keptDone.delete(clientId);
    this.#done.delete(clientId);
    this.#reserved.delete(clientId);
    return isTold;
  }

  /** {@linkcode Store.putSubscription} */
  putSubscription(clientId: string, subscription: Subscription): void {
    if (this.#isTold(clientId)) this.#tell({ kind: "subscribed", clientId, subscription });
  }

  /** {@linkcode Store.deleteSubscription} */
  deleteSubscription(clientId: string, topicFilter: string): void {
    if (!this.#isTold(clientId)) return;
    this.#tell({ kind: "unsubscribed", clientId, topicFilter });
    this.#givenUp.add(clientId, topicFilter);
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
    if (logId === 0 || share !== undefined) return this.#reserve(clientId, sequence, packetId);
    // It may have the Packet Identifier of one that is done with.
    this.#tellDoneOf(clientId);
    this.#tell({ kind: "inFlight", clientId, logId, packetId, state });
  }

  /** {@linkcode Store.deleteDelivery}: others hear of it a little later, of many together. */
  deleteDelivery(clientId: string, delivery: Delivery): void {
    const { message: { logId = 0 }, share, sequence } = delivery;
    if (!this.#isTold(clientId)) return;
    if (logId === 0 || share !== undefined) return this.#free(clientId, sequence);
    this.#addDone(clientId, logId);
  }

  #addDone(clientId: string, logId: number): void {
    const done = this.#done.get(clientId);
    if (done === undefined) this.#done.set(clientId, [logId]);
    else done.push(logId);
    if (++this.#doneCount >= MAX_DONE) this.tellDone();
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

  /** Tells others what is done with; `true`: something was. */
  tellDone(): boolean {
    const hasDone = this.#done.size > 0;
    for (const clientId of [...this.#done.keys()]) this.#tellDoneOf(clientId);
    this.#doneCount = 0;
    return hasDone;
  }

  /** `sequence`: the record that says so. */
  #setHome(clientId: string, home: string | undefined, sequence = 0): void {
    const before = this.#homes.get(clientId);
    if (before === home) return;
    if (home !== undefined) {
      if (sequence > 0) this.#gainedAt.set(clientId, sequence);
      if (before !== undefined) this.#addLoser(clientId, before);
    } else {
      const losers = this.#losers.get(clientId);
      if (losers !== undefined) {
        this.fences.ended(clientId, this.#gainedAt.get(clientId) ?? 0, losers);
      }
      this.#gainedAt.delete(clientId);
      this.#losers.delete(clientId);
    }
    if (before !== undefined) {
      const left = this.#counts.get(before)! - 1;
      if (left > 0) this.#counts.set(before, left);
      else this.#counts.delete(before);
    }
    if (home === undefined) return void this.#homes.delete(clientId);
    this.#homes.set(clientId, home);
    this.#counts.set(home, (this.#counts.get(home) ?? 0) + 1);
  }

  /** Whether the session is this node's, which had applied that when it had applied `since`. */
  #isOf(clientId: string, node: string, since: number): boolean {
    return this.#homes.get(clientId) === node && since >= (this.#gainedAt.get(clientId) ?? 0);
  }

  #gainedOf(clientId: string): Pick<StoredHome, "gained"> {
    const at = this.#gainedAt.get(clientId);
    return at === undefined
      ? {}
      : { gained: { at, losers: [...this.#losers.get(clientId) ?? []] } };
  }

  #addLoser(clientId: string, node: string): void {
    const losers = this.#losers.get(clientId);
    if (losers === undefined) this.#losers.set(clientId, new Set([node]));
    else losers.add(node);
  }

  /** A QoS 2 message is in flight that other nodes do not have: no other may have its Packet Identifier there. */
  #reserve(clientId: string, sequence: number, packetId: number): void {
    let reserved = this.#reserved.get(clientId);
    if (reserved?.has(sequence) === true) return;
    if (reserved === undefined) this.#reserved.set(clientId, reserved = new Map());
    reserved.set(sequence, packetId);
    this.#tellDoneOf(clientId);
    this.#tell({ kind: "reserved", clientId, packetId });
  }

  #free(clientId: string, sequence: number): void {
    const reserved = this.#reserved.get(clientId);
    const packetId = reserved?.get(sequence);
    if (packetId === undefined) return;
    reserved!.delete(sequence);
    if (reserved!.size === 0) this.#reserved.delete(clientId);
    this.#log.change({ kind: "freed", clientId, packetId }, false);
  }

  #tellDoneOf(clientId: string): void {
    const done = this.#done.get(clientId);
    if (done === undefined) return;
    this.#done.delete(clientId);
    if (!this.#isTold(clientId)) return;
    const pending = this.host!.firstPending(clientId) ?? 0;
    const floor = Math.min(pending, firstPlaceOf(this.sequence() + 1));
    const above = done.filter((logId) => logId >= floor);
    this.#log.change({ kind: "done", clientId, floor, above }, false);
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
    return this.host !== undefined && !isOfLog && this.#homes.get(clientId) === this.#node;
  }
}
