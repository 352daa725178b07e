import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { SessionQueue } from "./session_queue.ts";
import type { Subscription } from "./subscription.ts";

/** One empty Map for all sessions without subscriptions: a Map of its own would take 250 bytes of an idle connection. */
const NO_SUBSCRIPTIONS: ReadonlyMap<string, Subscription> = new Map();

/**
 * One client's state that may outlive its connection: subscriptions, both sides of QoS 1 and 2, and the queue.
 * [MQTT-4.1.0-1]
 */
export class Session {
  #subscriptions: Map<string, Subscription> | undefined;
  /** Bytes of the subscriptions, as they count against the limits. */
  subscriptionBytes = 0;
  /** Outgoing QoS 1 and 2. */
  readonly sender: Sender = new Sender();
  /** Incoming QoS 2. */
  readonly receiver: Receiver = new Receiver();
  /** The deliveries that wait for the client. */
  readonly queue: SessionQueue = new SessionQueue();
  /** Seconds that the session outlives its connection; 0 means not at all, `Infinity` without limit. */
  expirySeconds = 0;
  /** Whether the session is stored although it ends with its connection: a part of its queue is in the store alone. */
  isKept = false;
  #dropped: Map<string, number> | undefined;

  /** `clientId`: the session's name, unique in the broker. */
  constructor(readonly clientId: string) {}

  /** The subscriptions by their Topic Filters. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions ?? NO_SUBSCRIPTIONS;
  }

  /** Adds a subscription, or replaces the one with the same Topic Filter. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions ??= new Map();
    const { topicFilter } = subscription;
    if (!this.#subscriptions.has(topicFilter)) {
      this.subscriptionBytes += subscriptionSizeBytes(topicFilter);
    }
    this.#subscriptions.set(topicFilter, subscription);
  }

  /** Removes a subscription; returns false if there was none. */
  unsubscribe(topicFilter: string): boolean {
    const isGone = this.#subscriptions?.delete(topicFilter) === true;
    if (isGone) this.subscriptionBytes -= subscriptionSizeBytes(topicFilter);
    return isGone;
  }

  /** Messages that were not delivered to this client, by reason; `undefined` if there are none. */
  get dropped(): ReadonlyMap<string, number> | undefined {
    return this.#dropped;
  }

  /** Counts messages that are not delivered; returns the new count for this reason. */
  countDrop(reason: string, messages = 1): number {
    this.#dropped ??= new Map();
    const count = (this.#dropped.get(reason) ?? 0) + messages;
    this.#dropped.set(reason, count);
    return count;
  }

  /** Whether the session is stored, given a store: usually because it outlives its connection. */
  get isPersistent(): boolean {
    return this.expirySeconds > 0 || this.isKept;
  }
}

/** Memory that a subscription takes beside its Topic Filter, bytes: entries in the session, the trie and the router. */
const SUBSCRIPTION_OVERHEAD_BYTES = 400;

/**
 * Bytes of a subscription, as they count against the limits. The filter counts twice: the session keeps it, and the trie keeps it in parts.
 */
export function subscriptionSizeBytes(topicFilter: string): number {
  return SUBSCRIPTION_OVERHEAD_BYTES + 2 * topicFilter.length;
}
