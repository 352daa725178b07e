import { DeliveryQueue } from "./delivery_queue.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import type { Subscription } from "./subscription.ts";

/**
 * One client's state that may outlive its connection: subscriptions, both sides of QoS 1 and 2, and what waits.
 * [MQTT-4.1.0-1]
 */
export class Session {
  /** By their Topic Filters. */
  readonly subscriptions: Map<string, Subscription> = new Map();
  /** Outgoing QoS 1 and 2. */
  readonly sender: Sender = new Sender();
  /** Incoming QoS 2. */
  readonly receiver: Receiver = new Receiver();
  /** What waits. */
  readonly queue: DeliveryQueue = new DeliveryQueue();
  /** Seconds that the session outlives its connection; 0: not at all, `Infinity`: until the client says otherwise. */
  expirySeconds = 0;
  #dropped: Map<string, number> | undefined;

  /** `clientId`: the session's name, unique in the broker. */
  constructor(readonly clientId: string) {}

  /** Messages that were not delivered to this client, by reason; nothing where all were. */
  get dropped(): ReadonlyMap<string, number> | undefined {
    return this.#dropped;
  }

  /** Counts a message that is not delivered; returns how many there are now of this reason. */
  drop(reason: string): number {
    this.#dropped ??= new Map();
    const count = (this.#dropped.get(reason) ?? 0) + 1;
    this.#dropped.set(reason, count);
    return count;
  }

  /** Whether the session outlives its connection, so that what it holds is worth storing. */
  get isPersistent(): boolean {
    return this.expirySeconds > 0;
  }
}
