import type { SessionChange, Subscription } from "../broker/mod.ts";
import { isSharedFilter } from "../topic/mod.ts";

/**
 * Which sessions that outlive their connections have shared subscriptions, by the log: the node that one of them comes to has a member from
 * there on, and may be killed before it could say so. What nobody has to deliver waits for them.
 */
export class ShareSessions {
  /** The Client Identifiers of each shared subscription, and the other way round. */
  readonly #clients = new Map<string, Set<string>>();
  readonly #shares = new Map<string, Set<string>>();

  /** Whether a session has this shared subscription. */
  has(share: string): boolean {
    return this.#clients.has(share);
  }

  /** The shared subscriptions of a session. */
  of(clientId: string): Iterable<string> {
    return this.#shares.get(clientId) ?? [];
  }

  /** A session has these, among others. */
  add(clientId: string, subscriptions: Iterable<Pick<Subscription, "topicFilter">>): void {
    for (const { topicFilter } of subscriptions) {
      if (!isSharedFilter(topicFilter)) continue;
      addTo(this.#clients, topicFilter, clientId);
      addTo(this.#shares, clientId, topicFilter);
    }
  }

  /** The log has come to a change that counts. Returns the shared subscriptions that no session has any more. */
  changed(change: SessionChange): readonly string[] {
    const { kind, clientId } = change;
    if (kind === "ended") return this.ended(clientId);
    if (kind === "session") return this.#replace(clientId, change.subscriptions);
    else if (kind === "subscribed") this.add(clientId, [change.subscription]);
    else if (kind === "unsubscribed") return this.#remove(clientId, change.topicFilter);
    return [];
  }

  /** A session has ended. Returns the shared subscriptions that no session has any more. */
  ended(clientId: string): readonly string[] {
    return [...this.#shares.get(clientId) ?? []].flatMap((share) => this.#remove(clientId, share));
  }

  /** The session has these, and no others; absent: as before. */
  #replace(clientId: string, subscriptions?: readonly Subscription[]): readonly string[] {
    if (subscriptions === undefined) return [];
    const kept = new Set(subscriptions.map(({ topicFilter }) => topicFilter));
    this.add(clientId, subscriptions);
    return [...this.of(clientId)].filter((share) => !kept.has(share))
      .flatMap((share) => this.#remove(clientId, share));
  }

  #remove(clientId: string, share: string): readonly string[] {
    removeFrom(this.#shares, clientId, share);
    return removeFrom(this.#clients, share, clientId) ? [share] : [];
  }
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

/** Returns whether the last one was removed. */
function removeFrom(sets: Map<string, Set<string>>, key: string, value: string): boolean {
  const set = sets.get(key);
  if (set === undefined || !set.delete(value) || set.size > 0) return false;
  return sets.delete(key);
}
