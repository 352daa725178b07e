import type { Message, ShareChange } from "../broker/mod.ts";

/** What of a shared subscription is done with. */
export type ShareDone = Extract<ShareChange, { readonly kind: "done" }>;

/** A message, and the shared subscription that it is for. */
export type ForShare = readonly [share: string, message: Message];

/** What members at this node got of one shared subscription. */
interface Given {
  /** The last of it in the log. */
  last: number;
  /** What others were told last. */
  told: string;
}

/** With more that waits others hear only of what is before the first of it. */
const MAX_EXCEPT = 1000;

/** What members of shared subscriptions at this node have got, what they left behind, and what others were told of it. */
export class ShareGiven {
  readonly #given = new Map<string, Given>();
  /** What no member here can take. */
  readonly #left = new Map<string, Map<number, Message>>();
  /** How often this node has said that it has no member, where the log has not come to that. */
  readonly #leaving = new Map<string, number>();

  /** A member gets the message of this place in the log. */
  give(share: string, logId: number): void {
    const given = this.#given.get(share);
    if (given === undefined) this.#given.set(share, { last: logId, told: "" });
    else given.last = Math.max(given.last, logId);
  }

  /** No member can take the message. */
  leave(share: string, message: Message): void {
    const left = this.#left.get(share);
    if (left === undefined) this.#left.set(share, new Map([[message.logId!, message]]));
    else left.set(message.logId!, message);
  }

  /** Whether this node has said that it has no member, and the log has not come to that: until then its members get nothing new. */
  isLeaving(share: string): boolean {
    return this.#leaving.has(share);
  }

  /** The last member is gone. Returns what is done with: all but what it left behind; `undefined`: nothing is. */
  lastGone(share: string): ShareDone | undefined {
    this.#leaving.set(share, (this.#leaving.get(share) ?? 0) + 1);
    const given = this.#given.get(share);
    this.#given.delete(share);
    if (given === undefined) return undefined;
    const except = [...this.#left.get(share)?.keys() ?? []];
    return { kind: "done", share, upTo: given.last, except };
  }

  /** The log has come to that. Returns what was left behind. */
  lastGoneApplied(share: string): readonly ForShare[] {
    const count = (this.#leaving.get(share) ?? 0) - 1;
    if (count > 0) this.#leaving.set(share, count);
    else this.#leaving.delete(share);
    const left = [...this.#left.get(share)?.values() ?? []];
    this.#left.delete(share);
    return left.map((message) => [share, message] as const);
  }

  /** What is to be told. `pendingOf`: what members have not acknowledged, in the order of the log; `undefined`: not now. */
  *done(
    pendingOf: (share: string) => readonly number[] | undefined,
  ): IterableIterator<ShareDone> {
    for (const [share, given] of this.#given) {
      const pending = pendingOf(share);
      if (pending === undefined) continue;
      const isLong = pending.length > MAX_EXCEPT;
      const upTo = isLong ? pending[0]! - 1 : given.last;
      const except = isLong ? [] : pending;
      const told = `${upTo}:${except.join()}`;
      if (pending.length === 0) this.#given.delete(share);
      if (told === given.told) continue;
      given.told = told;
      yield { kind: "done", share, upTo, except };
    }
  }

  /** Takes what was left behind of such shared subscriptions. */
  takeLeft(isSuch: (share: string) => boolean): readonly ForShare[] {
    const taken: ForShare[] = [];
    for (const [share, messages] of this.#left) {
      if (!isSuch(share)) continue;
      this.#left.delete(share);
      for (const message of messages.values()) taken.push([share, message]);
    }
    return taken;
  }

  /** Others have what was given. */
  clear(): void {
    this.#given.clear();
  }
}
