import type {
  Delivery,
  FromCluster,
  LogPort,
  Message,
  ShareChange,
  ShareMembers,
} from "../broker/mod.ts";
import { SharePending } from "./share_pending.ts";
import { type SavedShares, ShareTable } from "./share_table.ts";

/** Takes what other nodes are to be told. {@linkcode Log.share} */
export interface ShareLog {
  share(change: ShareChange): void;
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

/** What this node had to deliver of one shared subscription. */
interface Given {
  /** The last of it in the log. */
  last: number;
  /** What members left behind that are gone. */
  readonly left: Map<number, Message>;
  /** What others were told last. */
  told: string;
}

/** With more that waits others hear only of what is before the first of it. */
const MAX_EXCEPT = 1000;

/**
 * Shared subscriptions over all nodes: each message is delivered once for a shared subscription. The nodes say by the log how many members they
 * have, so all decide alike which of them a message goes to. The others keep it until that node says that it is done with, and decide again
 * where the node dies, or its last member leaves.
 */
export class SharedGroups {
  /** Set when the node begins to apply. */
  host: ShareHost | undefined;
  /** Grows with every change that others are told. */
  writes = 0;
  readonly #table = new ShareTable();
  readonly #pending: SharePending;
  readonly #given = new Map<string, Given>();
  /** What this node has told that it has left, until the log has come to that. */
  readonly #leaving = new Map<string, readonly Message[]>();
  /** What others know of this node's members, and what has changed since. */
  readonly #announced = new Map<string, string>();
  readonly #changed = new Set<string>();
  /** QoS 2 messages that go to members, of which others are to hear before. */
  #sent = new Map<string, number[]>();
  #isWriting = false;
  readonly #node: string;
  readonly #log: ShareLog;

  constructor(node: string, log: ShareLog, lines: LogPort) {
    this.#node = node;
    this.#log = log;
    this.#pending = new SharePending(lines);
  }

  /** What is stored with the position in the log, as JSON. */
  get text(): string {
    return this.#table.text;
  }

  /** The nodes that have members. */
  get nodes(): Iterable<string> {
    return this.#table.nodes;
  }

  /** Takes over what was stored. */
  load(saved: SavedShares | undefined): void {
    if (saved === undefined) return;
    this.#table.load(saved);
    for (const share of this.#table.shares) this.host!.turn().holdShare(share, true);
  }

  /** {@linkcode ClusterPort.isShareHere} */
  isHere(share: string, message: Message): boolean {
    const { logId = 0, draw = drawOf(logId), qos } = message;
    // It is of this node alone.
    if (draw === 0) return true;
    const node = this.#table.choose(share, draw);
    if (node === undefined) return false;
    const isHere = node === this.#node;
    if (qos === 0) return isHere;
    if (isHere) this.#give(share, logId);
    else this.#pending.add(node, share, message);
    return isHere;
  }

  /** {@linkcode ClusterPort.shareChanged} */
  changed(share: string): void {
    this.#changed.add(share);
    if (this.#isWriting) this.writes++;
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
    // Its bytes may be the record's.
    this.#given.get(share)?.left.set(logId, { ...message, payload: payload.slice() });
  }

  /** The node begins to write: others hear what it has, and that the rest was lost with the process before. */
  begin(): void {
    this.#isWriting = true;
    const { host } = this;
    for (const share of host!.shares) {
      this.#changed.add(share);
      this.#tellHad(share, host!.sharePending(share));
    }
    for (const share of this.#table.sharesOf(this.#node)) this.#changed.add(share);
    this.#given.clear();
    this.flush(true);
    this.#log.share({ kind: "hello" });
  }

  /** Puts into the log what has changed in this turn. */
  flush(isWhole = false): void {
    if (!this.#isWriting) return;
    for (const [share, ids] of this.#sent) this.#log.share({ kind: "sent", share, ids });
    this.#sent.clear();
    for (const share of this.#changed) this.#tellMembers(share, isWhole);
    this.#changed.clear();
  }

  /** Tells others what is done with; `true`: something was. */
  tellDone(): boolean {
    if (!this.#isWriting) return false;
    let hasTold = false;
    for (const [share, given] of this.#given) {
      const pending = this.host!.sharePending(share);
      if (pending === undefined) continue;
      given.left.clear();
      const isLong = pending.length > MAX_EXCEPT;
      const upTo = isLong ? pending[0]! - 1 : given.last;
      const except = isLong ? [] : pending;
      const told = `${upTo}:${except.join()}`;
      if (pending.length === 0) this.#given.delete(share);
      if (told === given.told) continue;
      given.told = told;
      this.#log.share({ kind: "done", share, upTo, except });
      hasTold = true;
    }
    return hasTold;
  }

  /** Applies what a node has said; `place`: where in the log. */
  apply(change: ShareChange, node: string, place: number): void {
    switch (change.kind) {
      case "members":
        return this.#applyMembers(change.share, node, change.members);
      case "done":
        return this.#pending.done(node, change.share, change.upTo, change.except);
      case "sent":
        return this.#pending.remove(node, change.share, change.ids);
      case "had":
        return this.#pending.confirm(node, change.share, change.ids);
      case "hello":
        this.#table.knowsSince(node, place);
        this.#move(this.#pending.takeUnconfirmed(node));
        // It may know nothing of what was told before.
        if (node !== this.#node) this.#tellAgain();
    }
  }

  /** A node is dead; `heir`: the node that has its sessions now, and so its members whose clients are away. */
  died(node: string, heir: string): void {
    const shares = this.#table.sharesOf(node);
    this.#table.remove(node);
    for (const share of shares) this.#hold(share);
    this.#move(this.#pending.takeAll(node), heir);
    if (node !== this.#node) return;
    // It was only cut off, and others have taken what it had.
    this.host!.turn().forgetShared();
    this.#given.clear();
    this.#tellAgain();
  }

  #applyMembers(share: string, node: string, members: ShareMembers): void {
    this.#table.set(share, node, members);
    this.#hold(share);
    if (members.connected + members.kept > 0) return;
    if (node !== this.#node) return this.#move(this.#pending.takeAll(node, share));
    // Others move on what this node has told that it has left, and so does it: the next one may die too.
    const left = this.#leaving.get(share) ?? [];
    this.#leaving.delete(share);
    this.#move(left.map((message) => [share, message] as const));
  }

  #hold(share: string): void {
    this.host!.turn().holdShare(share, this.#table.has(share));
  }

  #give(share: string, logId: number): void {
    const given = this.#given.get(share);
    if (given === undefined) this.#given.set(share, { last: logId, left: new Map(), told: "" });
    else given.last = Math.max(given.last, logId);
  }

  /** Decides again who delivers these; `last`: where no node has members. */
  #move(moving: readonly (readonly [share: string, message: Message])[], last?: string): void {
    for (const [share, message] of moving) {
      const { logId = 0 } = message;
      const node = this.#table.choose(share, drawOf(logId), logId) ?? last;
      if (node === this.#node) {
        this.#give(share, logId);
        this.host!.turn().deliverToShare(share, message);
      } else if (node !== undefined) this.#pending.add(node, share, message);
    }
  }

  #tellAgain(): void {
    if (!this.#isWriting) return;
    this.#announced.clear();
    for (const share of this.host!.shares) this.changed(share);
  }

  #tellHad(share: string, pending: readonly number[] | undefined): void {
    if (pending === undefined) return this.#log.share({ kind: "had", share });
    for (let at = 0; at < pending.length; at += MAX_EXCEPT) {
      this.#log.share({ kind: "had", share, ids: pending.slice(at, at + MAX_EXCEPT) });
    }
  }

  #tellMembers(share: string, isWhole: boolean): void {
    const members = this.host!.shareMembers(share);
    const text = `${members.connected} ${members.kept}`;
    if (!isWhole && this.#announced.get(share) === text) return;
    const isOut = members.connected + members.kept === 0;
    if (isOut) this.#tellLeft(share);
    if (isOut) this.#announced.delete(share);
    else this.#announced.set(share, text);
    this.#log.share({ kind: "members", share, members });
  }

  /** The last member is gone: all but what it left behind is done with. */
  #tellLeft(share: string): void {
    const given = this.#given.get(share);
    if (given === undefined) return;
    this.#given.delete(share);
    this.#log.share({ kind: "done", share, upTo: given.last, except: [...given.left.keys()] });
    const before = this.#leaving.get(share) ?? [];
    this.#leaving.set(share, [...before, ...given.left.values()]);
  }
}

/** The number by which nodes choose: of a record's messages each has its own. */
function drawOf(logId: number): number {
  return Math.floor(logId / 1024) + logId % 1024;
}
