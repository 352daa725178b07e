import type {
  Delivery,
  FromCluster,
  LogPort,
  Message,
  ShareChange,
  ShareMembers,
  Subscription,
} from "../broker/mod.ts";
import { isSharedFilter } from "../topic/mod.ts";
import { entryAt, firstPlaceOf, recordOf, type SharedAgain } from "./record.ts";
import { type ForShare, ShareGiven } from "./share_given.ts";
import { SharePending } from "./share_pending.ts";
import { type SavedShares, ShareTable } from "./share_table.ts";

/** Takes what other nodes are to be told. */
export interface ShareLog {
  /** {@linkcode Log.share} */
  share(change: ShareChange): void;
  /** {@linkcode Log.shareAgain} */
  shareAgain(message: Message, again: SharedAgain): boolean;
}

/** What of the broker is asked for. */
export interface ShareHost {
  /** The way into the broker, in the turn that is open or in a new one. */
  turn(): FromCluster;
  /** {@linkcode FromCluster.shares} */
  readonly shares: readonly string[];
  /** {@linkcode FromCluster.shareMembers} */
  shareMembers(share: string): ShareMembers;
  /** {@linkcode FromCluster.sharePending} */
  sharePending(share: string): readonly number[] | undefined;
}

/** Sessions go to another node, by this record of the log. */
interface Going {
  readonly heir: string;
  readonly goneAt: number;
}

/** Of one record so many places are told to be there. */
const MAX_HAD = 1000;
/** In the place of a node: what nobody but this node can put into the log again. */
const NOBODY = "";

/**
 * Shared subscriptions over all nodes: each message is delivered once for a shared subscription. The nodes say by the log how many members they
 * have, so all decide alike which of them a message goes to. The others keep it until that node says that it is done with, and decide again
 * where the node dies, or its last member leaves. A node that has started again knows only of what was behind its place in the log: where no node
 * with members knows of a message, one that has it puts it into the log again. What its own members had to get meanwhile it keeps as if it were
 * another's, and gives it to them when it begins to write.
 */
export class SharedGroups {
  /** Set when the node begins to apply. */
  host: ShareHost | undefined;
  /** Grows with every change that others are told. */
  writes = 0;
  readonly #table = new ShareTable();
  readonly #pending: SharePending;
  readonly #given = new ShareGiven();
  /** What this node puts into the log again, as soon as some node has members. */
  readonly #again: SharePending;
  /** What others know of this node's members, and what has changed since. */
  readonly #announced = new Map<string, string>();
  readonly #changed = new Set<string>();
  /** Where the last session of a member of each shared subscription has gone to, of which others have not heard. */
  readonly #gone = new Map<string, Going>();
  /** QoS 2 messages that go to members, of which others are to hear before. */
  #sent = new Map<string, number[]>();
  #isWriting = false;
  /** What is refused now is refused for good. */
  #isLastOffer = false;
  /** The place in the log that is being applied. */
  #place = 0;
  /** From this place in the log on this process knows what others have to deliver. */
  #since = 0;
  readonly #node: string;
  readonly #log: ShareLog;
  readonly #lines: LogPort;
  readonly #isExpected: (share: string) => boolean;

  /** `isExpected`: whether another node has a session with this shared subscription, which it may not have said. */
  constructor(
    node: string,
    log: ShareLog,
    lines: LogPort,
    isExpected: (share: string) => boolean = () => false,
  ) {
    this.#node = node;
    this.#isExpected = isExpected;
    this.#log = log;
    this.#lines = lines;
    this.#pending = new SharePending(lines);
    this.#again = new SharePending(lines);
  }

  /** What is stored with the position in the log, as JSON. */
  get text(): string {
    return this.#table.text;
  }

  /** The nodes that have members. */
  get nodes(): Iterable<string> {
    return this.#table.nodes;
  }

  /** Takes over what was stored. `since`: the first place in the log that is read. */
  load(saved: SavedShares | undefined, since: number): void {
    this.#since = since;
    this.#place = since - 1;
    if (saved === undefined) return;
    this.#table.load(saved);
    for (const share of this.#table.shares) this.host!.turn().holdShare(share, true);
  }

  /** Records are gone before this one: nobody knows what they said is done with. */
  missed(from: number): void {
    this.#since = firstPlaceOf(from);
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
    this.#changed.add(share);
    if (this.#isWriting) this.writes++;
  }

  /** A session of this node with these subscriptions goes to another one, by this record. */
  going(subscriptions: Iterable<Subscription>, heir: string, goneAt: number): void {
    for (const { topicFilter } of subscriptions) {
      if (isSharedFilter(topicFilter)) this.#gone.set(topicFilter, { heir, goneAt });
    }
  }

  /** {@linkcode ClusterPort.shareSent} */
  sent({ share = "", message: { logId = 0 } }: Delivery): void {
    if (logId === 0) return;
    const ids = this.#sent.get(share);
    if (ids === undefined) this.#sent.set(share, [logId]);
    else ids.push(logId);
    this.writes++;
  }

  /** {@linkcode ClusterPort.shareLeft} */
  left(share: string, message: Message): void {
    const { logId = 0, payload } = message;
    if (logId === 0 || this.#isLastOffer) return;
    // Its bytes may be the record's.
    const kept = { ...message, payload: payload.slice() };
    if (!this.#isWriting) return this.#pending.add(this.#node, share, kept, this.#place);
    this.#given.leave(share, kept);
    // Where there is no member others have to hear of that.
    this.changed(share);
  }

  /** The node begins to write: others hear what it has, and that the rest was lost with the process before. */
  begin(): void {
    this.#isWriting = true;
    const { host } = this;
    for (const share of host!.shares) this.#changed.add(share);
    for (const share of this.#table.sharesOf(this.#node)) this.#changed.add(share);
    for (const [share, message] of this.#pending.takeAll(this.#node)) {
      if (this.#assign(this.#node, share, message)) host!.turn().deliverToShare(share, message);
    }
    for (const share of host!.shares) {
      const pending = host!.sharePending(share) ?? [];
      this.#tellHad(share, pending);
      for (const logId of pending) this.#given.give(share, logId);
    }
    for (const [share, ids] of this.#again.idsOf(NOBODY)) this.#tellHad(share, ids);
    this.flush(true);
    this.#log.share({ kind: "hello", since: this.#since, at: this.#place });
  }

  /** Puts into the log what has changed in this turn. */
  flush(isWhole = false): void {
    if (!this.#isWriting) return;
    for (const [share, ids] of this.#sent) this.#log.share({ kind: "sent", share, ids });
    this.#sent.clear();
    for (const share of this.#changed) this.#tellMembers(share, isWhole);
    this.#changed.clear();
    if (this.#again.isEmpty) return;
    for (const share of this.#table.shares) this.#putAgain(share);
  }

  /** Tells others what is done with; `true`: something was. */
  tellDone(): boolean {
    if (!this.#isWriting) return false;
    let hasTold = false;
    const isUnsettled = (share: string) => this.#changed.has(share) || this.#given.isLeaving(share);
    this.#offerLeft((share) => !isUnsettled(share));
    const pendingOf = (share: string) =>
      isUnsettled(share) ? undefined : this.host!.sharePending(share);
    for (const change of this.#given.done(pendingOf)) {
      this.#log.share({ ...change, at: this.#place });
      hasTold = true;
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
        return this.#pending.done(node, change.share, change.upTo, change.except, change.at);
      case "sent":
        return this.#pending.remove(node, change.share, change.ids);
      case "had":
        return this.#pending.confirm(node, change.share, change.ids);
      case "hello":
        this.#table.knowsSince(node, change.since ?? place);
        this.#move(this.#pending.takeUnconfirmed(node, change.at, change.since));
        // It may know nothing of what was told before.
        if (node !== this.#node) this.#tellAgain();
    }
  }

  /** A message was put into the log again: it goes to members of one shared subscription. */
  applyAgain(message: Message, { share, before }: SharedAgain, isOwn: boolean): void {
    this.#place = message.logId!;
    this.#again.remove(NOBODY, share, [before]);
    for (const node of this.#table.known) this.#pending.remove(node, share, [before]);
    const node = this.#table.choose(share, drawOf(message.logId!));
    if (node !== undefined) this.#hand(node, share, message);
    else if (isOwn) this.#keepAgain(share, message);
  }

  /**
   * A node is dead; `heir`: the node that has its sessions now, and so its members whose clients are away. `place`: where in the log it stands.
   */
  died(node: string, heir: string, place: number): void {
    this.#place = place;
    const shares = this.#table.sharesOf(node);
    this.#table.remove(node);
    for (const share of shares) this.#succeed(share, { heir, goneAt: recordOf(place) });
    const taken = this.#pending.takeAll(node);
    if (node !== this.#node) return this.#move(taken);
    // It was only cut off, and others have taken what it had, if they knew of that.
    this.host!.turn().forgetShared();
    const left = this.#given.takeLeft(() => true);
    this.#given.clear();
    this.#move([...taken, ...this.#pending.takeAll(node), ...left], { isOurs: true });
    if (!this.#isWriting) return;
    this.#log.share({ kind: "hello", since: this.#since, at: this.#place });
    this.#tellAgain();
  }

  #applyMembers(
    { share, members, heir, goneAt = 0 }: Extract<ShareChange, { kind: "members" }>,
    node: string,
    since: number,
  ): void {
    const isNone = members.connected + members.kept === 0;
    // A session of a member had come to it, and it did not know that yet: messages must not find nobody until it says so.
    const isOutdated = isNone && since < this.#table.gainedAt(share, node);
    if (!isOutdated) this.#table.set(share, node, members);
    this.#succeed(share, heir === undefined ? undefined : { heir, goneAt });
    if (!isNone) {
      if (this.#again.has(NOBODY, share)) this.writes++;
      return;
    }
    if (node !== this.#node || !this.#isWriting) {
      return this.#move(this.#pending.takeAll(node, share), { holder: node });
    }
    // Others move on what this node has left behind, and so does it: the next one may die too.
    this.#move(this.#given.lastGoneApplied(share), { holder: node });
    if (!this.#given.isLeaving(share) && this.#announced.get(share) === NO_MEMBERS) {
      this.#announced.delete(share);
    }
    if (isOutdated) this.changed(share);
  }

  /** To this node sessions have gone: it has a member, until it says otherwise, as messages must not find nobody meanwhile. */
  #succeed(share: string, going: Going | undefined): void {
    if (going !== undefined) {
      const { heir, goneAt } = going;
      const isNew = !this.#table.hasNode(share, heir);
      this.#table.gain(share, heir, goneAt);
      if (isNew && heir === this.#node) this.changed(share);
    }
    this.host!.turn().holdShare(share, this.#table.has(share));
  }

  /** This node delivers a message: `true`: its members get it now. */
  #assign(node: string, share: string, message: Message): boolean {
    if (node !== this.#node || !this.#isWriting) {
      this.#pending.add(node, share, message, this.#place);
      return false;
    }
    if (this.#given.isLeaving(share)) {
      this.left(share, message);
      return false;
    }
    this.#given.give(share, message.logId!);
    return true;
  }

  #hand(node: string, share: string, message: Message): void {
    if (this.#assign(node, share, message)) this.host!.turn().deliverToShare(share, message);
  }

  /**
   * Decides again who delivers these: a node with members that knows of it; else it is put into the log again by `holder`, which has it and is alive,
   * or by the first of those that know of it. `isOurs`: this node has them, and where nobody knows of one it is this node's affair.
   */
  #move(
    moving: readonly ForShare[],
    { holder, isOurs = false }: { readonly holder?: string; readonly isOurs?: boolean } = {},
  ): void {
    for (const [share, message] of moving) {
      const logId = message.logId!;
      const taker = this.#table.choose(share, drawOf(logId), logId);
      if (taker !== undefined) {
        this.#hand(taker, share, message);
        continue;
      }
      if (!this.#table.has(share)) {
        // A member's session may have gone to a node whose word is still on its way, from one that was killed before it could say so.
        if (holder === this.#node && this.#isExpected(share)) this.#keepAgain(share, message);
        continue;
      }
      const writer = holder ?? this.#table.firstKnowing(logId);
      // Others that have it, and do not know so, may do the same: with QoS 1 it may come twice.
      const isOrphan = writer === undefined && (isOurs || message.qos === 1);
      if (writer === this.#node || isOrphan) this.#keepAgain(share, message);
      else if (writer !== undefined) this.#pending.add(writer, share, message, this.#place);
    }
  }

  #keepAgain(share: string, message: Message): void {
    this.#again.add(NOBODY, share, message);
    this.writes++;
  }

  #putAgain(share: string): void {
    if (!this.#again.has(NOBODY, share)) return;
    for (const [, message] of this.#again.takeAll(NOBODY, share)) {
      if (this.#log.shareAgain(message, { share, before: message.logId! })) continue;
      const { topicName } = message;
      this.#lines.error("A message cannot be put into the log again: too large", { topicName });
    }
  }

  /** A member left these, and there was no other just then. Who is here now may not have them either: then nobody gets them. */
  #offerLeft(isSuch: (share: string) => boolean): void {
    const left = this.#given.takeLeft(isSuch);
    this.#isLastOffer = true;
    for (const [share, message] of left) this.host!.turn().deliverToShare(share, message);
    this.#isLastOffer = false;
  }

  #tellAgain(): void {
    if (!this.#isWriting) return;
    this.#announced.clear();
    for (const share of this.host!.shares) this.changed(share);
  }

  #tellHad(share: string, pending: readonly number[]): void {
    for (let at = 0; at < pending.length; at += MAX_HAD) {
      this.#log.share({ kind: "had", share, ids: pending.slice(at, at + MAX_HAD) });
    }
  }

  #tellMembers(share: string, isWhole: boolean): void {
    const members = this.host!.shareMembers(share);
    const text = `${members.connected} ${members.kept}`;
    if (!isWhole && this.#announced.get(share) === text) return;
    this.#announced.set(share, text);
    const change = { kind: "members", share, members, ...this.#gone.get(share) } as const;
    this.#gone.delete(share);
    if (text !== NO_MEMBERS) return this.#log.share(change);
    const done = this.#given.lastGone(share);
    // What this process had was told before; what an earlier one had others do not forget by that.
    if (done !== undefined && !isWhole) this.#log.share({ ...done, at: this.#place });
    this.#log.share(change);
  }
}

/** {@linkcode SharedGroups} notes by this that it has told others of none. */
const NO_MEMBERS = "0 0";

/** The number by which nodes choose: of a record's messages each has its own. */
function drawOf(logId: number): number {
  return recordOf(logId) + entryAt(logId);
}
