import type { Message, Subscription } from "../broker/mod.ts";
import { topicMatches } from "../topic/mod.ts";

/**
 * Subscriptions that clients of this node have given up, until the log has come to that: other nodes still put messages into those sessions
 * that this one does not.
 */
export class GivenUp {
  readonly #filters = new Map<string, string[]>();

  /** Whether there are none: so it is most of the time, and each message of the log asks. */
  get isEmpty(): boolean {
    return this.#filters.size === 0;
  }

  /** A client has given up a subscription, and the log does not know. */
  add(clientId: string, topicFilter: string): void {
    const filters = this.#filters.get(clientId);
    if (filters === undefined) this.#filters.set(clientId, [topicFilter]);
    else filters.push(topicFilter);
  }

  /** The log has come to it. */
  heard(clientId: string, topicFilter: string): void {
    const filters = this.#filters.get(clientId);
    const at = filters?.indexOf(topicFilter) ?? -1;
    if (at < 0) return;
    filters!.splice(at, 1);
    if (filters!.length === 0) this.#filters.delete(clientId);
  }

  /** The session has ended, or is another node's: what was said of it does not count. */
  forget(clientId: string): void {
    this.#filters.delete(clientId);
  }

  /** The sessions that other nodes put this message into, and this one does not. `subscriptionsOf`: what a session has here. */
  *lacking(
    message: Message,
    subscriptionsOf: (clientId: string) => Iterable<Subscription>,
  ): IterableIterator<string> {
    for (const [clientId, filters] of this.#filters) {
      if (!filters.some((topicFilter) => topicMatches(topicFilter, message.topicName))) continue;
      if (!isWanted(message, clientId, subscriptionsOf(clientId))) yield clientId;
    }
  }
}

function isWanted(
  { topicName, publisherId }: Message,
  clientId: string,
  subscriptions: Iterable<Subscription>,
): boolean {
  for (const { topicFilter, noLocal } of subscriptions) {
    if (noLocal && publisherId === clientId) continue;
    if (topicMatches(topicFilter, topicName)) return true;
  }
  return false;
}
