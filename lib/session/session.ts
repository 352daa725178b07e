import { DeliveryQueue } from "./delivery_queue.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import type { Subscription } from "./subscription.ts";

/**
 * One client's state that may outlive its connection: subscriptions, both sides of QoS 1 and 2, and what waits.
 * [MQTT-4.1.0-1]
 */
export class Session {
  readonly subscriptions = new Map<string, Subscription>();
  readonly sender = new Sender();
  readonly receiver = new Receiver();
  readonly queue = new DeliveryQueue();
  /** Seconds that the session outlives its connection; 0: not at all, `Infinity`: until the client says otherwise. */
  expirySeconds = 0;
  /** Messages that were not delivered to this client, by reason. */
  readonly dropped = new Map<string, number>();

  constructor(readonly clientId: string) {}

  /** Whether the session outlives its connection, so that what it holds is worth storing. */
  get isPersistent(): boolean {
    return this.expirySeconds > 0;
  }
}
