import { type Delivery, deliverySizeBytes, type QueueCounts } from "../../session/mod.ts";

/** What waits in all queues. */
export class QueueBook {
  /** Deliveries. */
  messages = 0;
  /** What they take of the limits in bytes. */
  bytes = 0;
  /** So much of that is in memory. */
  heldBytes = 0;
  /** What has been asked for and may come into memory, bytes. */
  awaitedBytes = 0;

  /** A delivery waits; `isHeld`: in memory. */
  add(delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages++;
    this.bytes += sizeBytes;
    if (isHeld) this.heldBytes += sizeBytes;
  }

  /** A delivery waits no more; `isHeld`: in memory. */
  remove(delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages--;
    this.bytes -= sizeBytes;
    if (isHeld) this.heldBytes -= sizeBytes;
  }

  /** So much waits in the store alone; below zero: no more. */
  addTail({ messages, bytes }: QueueCounts, sign: 1 | -1): void {
    this.messages += sign * messages;
    this.bytes += sign * bytes;
  }
}
