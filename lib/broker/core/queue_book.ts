import { type Delivery, deliverySizeBytes, type QueueCounts } from "../../session/mod.ts";

/** Counts what waits in the queues of all sessions. */
export class QueueBook {
  /** Deliveries. */
  messages = 0;
  /** Bytes of the queued deliveries, as they count against the limits. */
  bytes = 0;
  /** The part of `bytes` that is in memory. */
  heldBytes = 0;
  /** The most bytes that may come into memory by reads from the store that are under way. */
  awaitedBytes = 0;

  /** Counts a delivery that was queued; `isHeld`: in memory. */
  add(delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages++;
    this.bytes += sizeBytes;
    if (isHeld) this.heldBytes += sizeBytes;
  }

  /** Stops counting a delivery that left its queue; `isHeld`: it was in memory. */
  remove(delivery: Delivery, isHeld: boolean): void {
    const sizeBytes = deliverySizeBytes(delivery);
    this.messages--;
    this.bytes -= sizeBytes;
    if (isHeld) this.heldBytes -= sizeBytes;
  }

  /** Adds (`sign` 1) or subtracts (-1) the counts of a queue that waits in the store alone. */
  addTail({ messages, bytes }: QueueCounts, sign: 1 | -1): void {
    this.messages += sign * messages;
    this.bytes += sign * bytes;
  }
}
