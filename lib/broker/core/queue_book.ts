import { type Delivery, deliverySizeBytes, type QueueCounts } from "../../session/mod.ts";
import type { Store } from "../ground/ports.ts";
import type { Client } from "../state/connection.ts";

/** What waits in all queues, and which of them the store is to hear of when the turn ends. */
export class QueueBook {
  /** Deliveries. */
  messages = 0;
  /** What they take of the limits in bytes. */
  bytes = 0;
  /** So much of that is in memory. */
  heldBytes = 0;
  /** What has been asked for and may come into memory, bytes. */
  awaitedBytes = 0;
  readonly #store: Store | undefined;
  readonly #changed = new Set<Client>();

  /** `store`: is told how much waits. */
  constructor(store: Store | undefined) {
    this.#store = store;
  }

  /** A delivery waits; `isHeld`: in memory. */
  add(client: Client, delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages++;
    this.bytes += sizeBytes;
    if (isHeld) this.heldBytes += sizeBytes;
    this.#note(client);
  }

  /** A delivery waits no more; `isHeld`: in memory. */
  remove(client: Client, delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages--;
    this.bytes -= sizeBytes;
    if (isHeld) this.heldBytes -= sizeBytes;
    this.#note(client);
  }

  /** So much waits in the store alone; below zero: no more. */
  addTail(client: Client, { messages, bytes }: QueueCounts, sign: 1 | -1): void {
    this.messages += sign * messages;
    this.bytes += sign * bytes;
    this.#note(client);
  }

  /** Tells the store how much waits in the queues that have changed: before the commit of the turn in which they have. */
  tellStore(): void {
    if (this.#changed.size === 0) return;
    for (const { session, isEnded } of this.#changed) {
      if (!isEnded) this.#store!.putQueue!(session.clientId, session.queue.counts);
    }
    this.#changed.clear();
  }

  #note(client: Client): void {
    if (this.#store?.putQueue !== undefined && client.session.isPersistent) {
      this.#changed.add(client);
    }
  }
}
