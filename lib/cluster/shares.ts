import type {
  Delivery,
  LogPort,
  Message,
  SessionChange,
  ShareChange,
  SharedDelivery,
  Store,
  Subscription,
} from "../broker/mod.ts";
import { entryAt, firstPlaceOf, recordOf, type SharedAgain } from "./record.ts";
import { ShareHere, type ShareHost } from "./share_here.ts";
import { type ForShare, NOBODY, SharePending } from "./share_pending.ts";
import { ShareSessions } from "./share_sessions.ts";
import { type SavedShares, ShareTable } from "./share_table.ts";
import { type ShareLog, ShareWords } from "./share_words.ts";

/** What shared subscriptions are made of. */
export interface SharedGroupsInit {
  /** This node. */
  readonly node: string;
  readonly log: ShareLog;
  readonly lines: LogPort;
  /** The node's own. */
  readonly store: Store;
}

/**
 * Shared subscriptions over all nodes: each message is delivered once for a shared subscription. The nodes say by the log how many members they
 * have, so all decide alike which of them a message goes to, and all know, by the log too, what each of them has still to deliver: where a node
 * dies, or its last member leaves, they decide again. That is in each node's store, so a node that starts again, or takes a snapshot, knows the
 * same. What its own members had to get meanwhile it gives them when it begins to write.
 */
export class SharedGroups {
  readonly #table = new ShareTable();
  readonly #pending: SharePending;
  readonly #words: ShareWords;
  readonly #sessions = new ShareSessions();
  readonly #here: ShareHere;
  /** The place in the log that is being applied. */
  #place = 0;
  readonly #node: string;

  constructor({ node, log, lines, store }: SharedGroupsInit) {
    this.#node = node;
    this.#pending = new SharePending(lines, store);
    const here = this.#here = new ShareHere(node, this.#pending);
    this.#words = new ShareWords(
      log,
      (share) => here.host!.shareMembers(share),
      (share) => here.workOf(share, this.#place),
    );
  }

  /** Set when the node begins to apply. */
  set host(host: ShareHost) {
    this.#here.host = host;
  }

  get #host(): ShareHost {
    return this.#here.host!;
  }

  /** Grows with every change that others are told. */
  get writes(): number {
    return this.#words.writes;
  }

  /** What is stored with the position in the log, as JSON. */
  get text(): string {
    return this.#table.text;
  }

  /** The nodes that have members. */
  get nodes(): Iterable<string> {
    return this.#table.nodes;
  }

  /** What all nodes have to deliver: the same on each that has come to the same place in the log. */
  get pending(): readonly SharedDelivery[] {
    return this.#pending.all;
  }

  /** {@linkcode ClusterPort.restoredShared} */
  restored(delivery: SharedDelivery): void {
    this.#pending.restored(delivery);
  }

  /** Takes over what was stored. `since`: the first place in the log that is read; `isCut`: it does not have what was applied. */
  load(saved: SavedShares | undefined, since: number, isCut: boolean): void {
    this.#place = since - 1;
    if (isCut) {
      this.#here.owe();
      this.#pending.clear();
    }
    if (saved === undefined) return;
    this.#table.load(saved, since);
    for (const share of this.#table.shares) this.#host.turn().holdShare(share, true);
  }

  /** A session that outlives its connection was stored, with these subscriptions. */
  hasSession(clientId: string, subscriptions: Iterable<Subscription>): void {
    this.#sessions.add(clientId, subscriptions);
  }

  /** The shared subscriptions of a session that outlives its connection, by the log. */
  ofSession(clientId: string): Iterable<string> {
    return this.#sessions.of(clientId);
  }

  /** The log has come to a change of a session that counts. */
  sessionChanged(change: SessionChange): void {
    this.#forgetUnexpected(this.#sessions.changed(change));
  }

  /** The log has come to a claim: the session of before has ended. */
  sessionEnded(clientId: string): void {
    this.#forgetUnexpected(this.#sessions.ended(clientId));
  }

  /** A session has come to a node, by this record: that has a member, until it says otherwise. */
  sessionMoved(clientId: string, node: string, sequence: number): void {
    for (const share of this.#sessions.of(clientId)) this.#gain(share, node, sequence);
  }

  /** Records are gone before this one: nobody knows what they said is done with. */
  missed(from: number): void {
    this.#table.wholeSince = firstPlaceOf(from);
    this.#pending.clear();
  }

  /** {@linkcode ClusterPort.isShareHere} */
  isHere(share: string, message: Message): boolean {
    const { logId = 0, draw = drawOf(logId), qos } = message;
    // It is of this node alone.
    if (draw === 0) return true;
    if (qos > 0) this.#place = logId;
    const node = this.#table.choose(share, draw);
    if (node === undefined) return false;
    return qos === 0 ? node === this.#node : this.#assign(node, share, message);
  }

  /** {@linkcode ClusterPort.shareChanged} */
  changed(share: string): void {
    this.#words.changed(share);
  }

  /** {@linkcode ClusterPort.shareSent} */
  sent(delivery: Delivery): void {
    this.#words.sent(delivery);
  }

  /** {@linkcode ClusterPort.isShareDue} */
  isDue(share: string, logId: number): boolean {
    return this.#here.isDue(share, logId);
  }

  /** What a node has to deliver at this place in the log; `undefined`: it is not known here. */
  dueAt(node: string, share: string, logId: number): Message | undefined {
    return this.#pending.of(node, share).get(logId)?.message;
  }

  /** A session of a node has this for itself: nobody has to deliver it any more. */
  takeSent(node: string, share: string, logId: number): void {
    this.#pending.remove(node, share, [logId]);
  }

  /** {@linkcode ClusterPort.shareLeft}: it is this node's until the log says that it has no member. */
  left(share: string, { logId = 0 }: Message): void {
    if (logId === 0 || !this.#words.isWriting) return;
    // Where there is no member others have to hear of that.
    if (this.#here.leave(share, logId)) this.#words.changed(share);
  }

  /** The node begins to write: others hear what members it has, and these get what is missing. */
  begin(): void {
    this.#words.isWriting = true;
    for (const share of this.#host.shares) this.#words.changed(share);
    for (const share of this.#table.sharesOf(this.#node)) this.#words.changed(share);
    this.#here.deliverMissing();
    this.#words.flush(true);
    this.#words.hello(this.#table.wholeSince, this.#place);
  }

  /** Puts into the log what has changed in this turn. */
  flush(): void {
    this.#words.flush();
  }

  /** Tells others what is done with; `true`: something was. */
  tellDone(): boolean {
    if (!this.#words.isWriting) return false;
    let hasTold = false;
    for (const share of this.#pending.sharesOf(this.#node)) {
      if (this.#words.isUnsettled(share)) continue;
      this.#here.offerLeft(share);
      if (this.#words.tellDone(share)) hasTold = true;
    }
    return hasTold;
  }

  /** Applies what a node has said; `place`: where in the log; `since`: what it had applied then, {@linkcode LogRecord.since}. */
  apply(change: ShareChange, node: string, place: number, since: number): void {
    this.#place = place;
    switch (change.kind) {
      case "members":
        return this.#applyMembers(change, node, since);
      case "done":
        if (node === this.#node) this.#words.doneApplied(change.share);
        return this.#pending.done(node, change.share, change.upTo, change.except, change.at);
      case "sent":
        return this.#pending.remove(node, change.share, change.ids);
      case "hello":
        this.#table.knowsSince(node, change.since ?? place);
        // It may know nothing of what was told before.
        if (node !== this.#node) this.#words.repeat(this.#host.shares);
    }
  }

  /** A node of an earlier version has put a message into the log again, for members of one shared subscription. */
  applyAgain(message: Message, { share, before }: SharedAgain): void {
    this.#place = message.logId!;
    for (const node of [NOBODY, ...this.#table.known]) this.#pending.remove(node, share, [before]);
    this.#move([[share, message]]);
  }

  /** A node is dead; `clientIds`: the sessions that another one, `heir`, has now. `place`: where in the log it stands. */
  died(node: string, heir: string, clientIds: readonly string[], place: number): void {
    this.#place = place;
    if (node === this.#node) {
      // It was only cut off.
      this.#host.turn().forgetShared();
      this.#here.forgetLeft();
    }
    const shares = this.#table.sharesOf(node);
    const taken = this.#pending.takeAll(node);
    this.#table.remove(node);
    for (const clientId of clientIds) this.sessionMoved(clientId, heir, recordOf(place));
    for (const share of shares) this.#hold(share);
    this.#move(taken);
    if (node !== this.#node || !this.#words.isWriting) return;
    this.#words.hello(this.#table.wholeSince, this.#place);
    this.#words.repeat(this.#host.shares);
  }

  #applyMembers(
    { share, members }: Extract<ShareChange, { kind: "members" }>,
    node: string,
    since: number,
  ): void {
    const isNone = members.connected + members.kept === 0;
    // A session of a member had come to it, and it did not know that yet: messages must not find nobody until it says so.
    const isOutdated = isNone && since < this.#table.gainedAt(share, node);
    if (!isOutdated) this.#table.set(share, node, members);
    this.#hold(share);
    if (!isNone) return;
    if (node === this.#node && this.#words.isWriting) {
      this.#words.noneApplied(share);
      this.#here.forgetLeft(share);
      if (isOutdated) this.#words.changed(share);
    }
    this.#move(this.#pending.takeAll(node, share));
  }

  #gain(share: string, node: string, sequence: number): void {
    const isNew = !this.#table.hasNode(share, node);
    this.#table.gain(share, node, sequence);
    if (isNew && node === this.#node) this.#words.changed(share);
    this.#hold(share);
  }

  /** Messages must find it where some node has members. */
  #hold(share: string): void {
    const isHeld = this.#table.has(share);
    this.#host.turn().holdShare(share, isHeld);
    if (isHeld) this.#move(this.#pending.takeAll(NOBODY, share));
  }

  /** This node delivers a message: `true`: its members get it now. */
  #assign(node: string, share: string, message: Message): boolean {
    this.#pending.add(node, share, message, this.#place);
    return node === this.#node && this.#words.isWriting && !this.#words.isLeaving(share);
  }

  /**
   * Decides again who delivers these: a node with members that knows of it, if there is one. Where nobody has members, but a session of one is
   * somewhere, it waits for the word of that one's node.
   */
  #move(moving: readonly ForShare[]): void {
    for (const [share, message] of moving) {
      const logId = message.logId!;
      const draw = drawOf(logId);
      const taker = this.#table.choose(share, draw, logId) ?? this.#table.choose(share, draw);
      if (taker === undefined && !this.#sessions.has(share)) continue;
      const isHere = this.#assign(taker ?? NOBODY, share, message);
      if (isHere) this.#here.deliver(share, message);
    }
  }

  /** No session has these any more: what waits for one goes to nobody. */
  #forgetUnexpected(shares: readonly string[]): void {
    for (const share of shares) this.#pending.takeAll(NOBODY, share);
  }
}

/** The number by which nodes choose: of a record's messages each has its own. */
function drawOf(logId: number): number {
  return recordOf(logId) + entryAt(logId);
}
