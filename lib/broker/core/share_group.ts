import type { Subscription } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Target } from "./target.ts";

/** How many who have left may be remembered whatever the size of the group. */
const MAX_LEFT = 16;

/** A shared subscription: each message goes to one of its members. */
export class ShareGroup {
  readonly kind = "share";
  readonly #members = new Map<Client, Target>();
  /** Whether another node of a cluster has members, so that it stays without any here. */
  isHeld = false;
  /** The members in order of joining, as they were when a message was given to one last. */
  #order: readonly Target[] = [];
  #isOrdered = true;
  /** Whose turn it is, in that order. */
  #next = 0;

  /** `topicFilter` includes `$share/...`. */
  constructor(readonly topicFilter: string) {}

  get size(): number {
    return this.#members.size;
  }

  /** The clients that are members. */
  get clients(): Iterable<Client> {
    return this.#members.keys();
  }

  set(client: Client, subscription: Subscription): void {
    this.#members.set(client, {
      client,
      qos: subscription.qos,
      retainAsPublished: subscription.retainAsPublished,
      subscriptionIdentifiers: subscription.subscriptionIdentifier === 0
        ? undefined
        : [subscription.subscriptionIdentifier],
      share: this.topicFilter,
    });
    this.#isOrdered = false;
  }

  delete(client: Client): boolean {
    const isMember = this.#members.delete(client);
    if (!isMember) return false;
    this.#isOrdered = false;
    // Who has left is not kept in memory for long where no message comes.
    if (this.#order.length > 2 * this.size + MAX_LEFT) this.#reorder();
    return true;
  }

  /** Whether there is a member other than `client` for which `isSuch` returns true. */
  hasOther(client: Client, isSuch: (other: Client) => boolean): boolean {
    for (const other of this.#members.keys()) if (other !== client && isSuch(other)) return true;
    return false;
  }

  /**
   * Picks the next member in turn among those with the highest `rank`: 0 cannot take the message at all, 1 can keep it for later, 2
   * is connected but has a backlog, 3 can be sent it at once.
   */
  pick(rank: (target: Target) => number): Target | undefined {
    if (!this.#isOrdered) this.#reorder();
    const order = this.#order;
    const count = order.length;
    let best: Target | undefined;
    let bestRank = 0;
    let bestAt = 0;
    for (let i = 0; i < count && bestRank < 3; i++) {
      const at = (this.#next + i) % count;
      const target = order[at]!;
      const rankOfTarget = rank(target);
      if (rankOfTarget > bestRank) {
        best = target;
        bestRank = rankOfTarget;
        bestAt = at;
      }
    }
    if (best !== undefined) this.#next = bestAt + 1;
    return best;
  }

  /** Orders the members anew: the turn passes on to who was next, whoever before has left. */
  #reorder(): void {
    const before = this.#order.slice(0, this.#next);
    this.#next = before.filter(({ client }) => this.#members.has(client)).length;
    this.#order = [...this.#members.values()];
    this.#isOrdered = true;
  }
}
