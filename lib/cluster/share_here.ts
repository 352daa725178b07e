import type { FromCluster, Message, SharedDelivery, ShareMembers } from "../broker/mod.ts";
import type { ForShare, SharePending } from "./share_pending.ts";
import type { ShareWork } from "./share_words.ts";

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

/** What a node's own members get of what it has to deliver. */
export class ShareHere {
  /** Set when the node begins to apply. */
  host: ShareHost | undefined;
  readonly #node: string;
  readonly #pending: SharePending;
  /** What no member here could take, by shared subscription. */
  readonly #left = new Map<string, Set<number>>();
  /** Of a log that is lost: what this node had to deliver. */
  #owed: readonly ForShare[] = [];
  /** What is refused now is refused for good. */
  #isLastOffer = false;

  /** `node`: this one; `pending`: what all have to deliver. */
  constructor(node: string, pending: SharePending) {
    this.#node = node;
    this.#pending = pending;
  }

  /** Whether this node has still to deliver the message of this place in the log. */
  isDue(share: string, logId: number): boolean {
    return this.#pending.of(this.#node, share).has(logId);
  }

  /** The log is another one: its places mean nothing in this one, and the members get now what waits for them. */
  owe(): void {
    this.#owed = this.#pending.takeAll(this.#node);
  }

  /** Members get what was to be delivered here by an earlier process, and no session has. */
  deliverMissing(): void {
    const due = this.#pending.sharesOf(this.#node)
      .flatMap((share) => [...this.#pending.of(this.#node, share).values()]);
    this.#deliver(due);
    this.#deliver(this.#owed.map(([share, message]) => ({ share, message })));
    this.#owed = [];
  }

  #deliver(deliveries: readonly Pick<SharedDelivery, "share" | "message">[]): void {
    const sorted = deliveries.toSorted((a, b) => a.message.logId! - b.message.logId!);
    const had = new Map<string, ReadonlySet<number>>();
    for (const { share, message } of sorted) {
      let ids = had.get(share);
      if (ids === undefined) had.set(share, ids = new Set(this.host!.sharePending(share)));
      if (!ids.has(message.logId!)) this.host!.turn().deliverToShare(share, message);
    }
  }

  /** No member can take the message of this place; `false`: it goes to nobody. */
  leave(share: string, logId: number): boolean {
    if (this.#isLastOffer) return false;
    const left = this.#left.get(share);
    if (left === undefined) this.#left.set(share, new Set([logId]));
    else left.add(logId);
    return true;
  }

  /** Others deliver what was left behind of this shared subscription, or of all. */
  forgetLeft(share?: string): void {
    if (share === undefined) this.#left.clear();
    else this.#left.delete(share);
  }

  /** A member left these, and there was no other just then. Who is here now may not have them either: then nobody gets them. */
  offerLeft(share: string): void {
    const left = this.#left.get(share);
    if (left === undefined) return;
    this.#left.delete(share);
    this.#isLastOffer = true;
    for (const [logId, { message }] of [...this.#pending.of(this.#node, share)]) {
      if (left.has(logId)) this.host!.turn().deliverToShare(share, message);
    }
    this.#isLastOffer = false;
  }

  /** What there is to deliver, and what of that is not done; `undefined`: it is not known now. `at`: how far the log is read. */
  workOf(share: string, at: number): ShareWork | undefined {
    const had = this.host!.sharePending(share);
    if (had === undefined) return undefined;
    const left = new Set<number>([...had, ...this.#left.get(share) ?? []]);
    return { pending: this.#pending.of(this.#node, share).keys(), left, at };
  }

  /** The node has the message now: its members get it. */
  deliver(share: string, message: Message): void {
    this.host!.turn().deliverToShare(share, message);
  }
}
