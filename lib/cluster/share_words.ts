import type { Delivery, ShareChange, ShareMembers } from "../broker/mod.ts";

/** Takes what other nodes are to be told. */
export interface ShareLog {
  /** {@linkcode Log.share} */
  share(change: ShareChange): void;
}

/** What a node has to deliver of a shared subscription, and what of that it has not done yet. */
export interface ShareWork {
  /** By their places in the log. */
  readonly pending: Iterable<number>;
  readonly left: ReadonlySet<number>;
  /** How far the log is read. */
  readonly at: number;
}

/** {@linkcode ShareWords} notes by this that it has told others of none. */
const NO_MEMBERS = "0 0";
/** So many that are not done are named in one word. */
const MAX_EXCEPT = 1000;

/** What a node tells the others, by the log, of its members of shared subscriptions, and of what it has delivered to them. */
export class ShareWords {
  /** Grows with every change that others are told. */
  writes = 0;
  /** Before it writes nothing is told. */
  isWriting = false;
  readonly #log: ShareLog;
  readonly #membersOf: (share: string) => ShareMembers;
  readonly #workOf: (share: string) => ShareWork | undefined;
  /** What others know of this node's members, and of which it may have changed since. */
  readonly #announced = new Map<string, string>();
  readonly #changed = new Set<string>();
  /** QoS 2 messages that go to members, of which others are to hear before. */
  readonly #sent = new Map<string, number[]>();
  /** How often others were told that there is no member, where the log has not come to that. */
  readonly #leaving = new Map<string, number>();
  /** What was told to be done with, where the log has not come to that. */
  readonly #done = new Map<string, string>();

  /** `membersOf`: how many there are now. `workOf`: what they have to do; `undefined`: it is not known now. */
  constructor(
    log: ShareLog,
    membersOf: (share: string) => ShareMembers,
    workOf: (share: string) => ShareWork | undefined,
  ) {
    this.#log = log;
    this.#membersOf = membersOf;
    this.#workOf = workOf;
  }

  /** Members have come or gone, or their clients have. */
  changed(share: string): void {
    this.#changed.add(share);
    if (this.isWriting) this.writes++;
  }

  /** {@linkcode ClusterPort.shareSent} */
  sent({ share = "", message: { logId = 0 } }: Delivery): void {
    if (logId === 0) return;
    const ids = this.#sent.get(share);
    if (ids === undefined) this.#sent.set(share, [logId]);
    else ids.push(logId);
    this.writes++;
  }

  /** Whether others were told that there is no member, and the log has not come to that: until then members get nothing new. */
  isLeaving(share: string): boolean {
    return this.#leaving.has(share);
  }

  /** Whether others have still to hear how many members there are, or are just hearing that there is none. */
  isUnsettled(share: string): boolean {
    return this.#changed.has(share) || this.isLeaving(share);
  }

  /** The log has come to that this node has no member. */
  noneApplied(share: string): void {
    const count = (this.#leaving.get(share) ?? 0) - 1;
    if (count > 0) return void this.#leaving.set(share, count);
    this.#leaving.delete(share);
    // Members may have come since: all have forgotten how many it had.
    if (this.#announced.get(share) === NO_MEMBERS) this.#announced.delete(share);
  }

  /** The log has come to what was done with. */
  doneApplied(share: string): void {
    this.#done.delete(share);
  }

  /** Puts into the log what has changed in this turn. `isWhole`: also what seems to be known. */
  flush(isWhole = false): void {
    if (!this.isWriting) return;
    for (const [share, ids] of this.#sent) this.#log.share({ kind: "sent", share, ids });
    this.#sent.clear();
    for (const share of this.#changed) this.#tellMembers(share, isWhole);
    this.#changed.clear();
  }

  #tellMembers(share: string, isWhole: boolean): void {
    const members = this.#membersOf(share);
    const text = `${members.connected} ${members.kept}`;
    if (!isWhole && this.#announced.get(share) === text) return;
    this.#announced.set(share, text);
    const isNone = text === NO_MEMBERS;
    if (isNone) {
      // The rest goes to other nodes.
      this.tellDone(share);
      this.#leaving.set(share, (this.#leaving.get(share) ?? 0) + 1);
    }
    this.#log.share({ kind: "members", share, members });
  }

  /** Others may know nothing of what was told before: they hear how many members each of these has. */
  repeat(shares: Iterable<string>): void {
    if (!this.isWriting) return;
    this.#announced.clear();
    for (const share of shares) this.changed(share);
  }

  /** This process knows what nodes have to deliver from one place in the log on, and has read it up to another one. */
  hello(since: number, at: number): void {
    this.#log.share({ kind: "hello", since, at });
  }

  /** Tells what is done with; returns whether something was that others do not know. */
  tellDone(share: string): boolean {
    const work = this.#workOf(share);
    if (work === undefined) return false;
    const { pending, left, at } = work;
    let upTo = 0;
    const except: number[] = [];
    for (const logId of pending) {
      if (left.has(logId)) except.push(logId);
      else upTo = Math.max(upTo, logId);
    }
    if (upTo === 0) return false;
    const named = except.filter((logId) => logId <= upTo).sort((a, b) => a - b);
    if (named.length > MAX_EXCEPT) upTo = named[MAX_EXCEPT]! - 1;
    const change = { kind: "done", share, upTo, except: named.slice(0, MAX_EXCEPT) } as const;
    const text = JSON.stringify(change);
    if (this.#done.get(share) === text) return false;
    this.#done.set(share, text);
    this.#log.share({ ...change, at });
    return true;
  }
}
