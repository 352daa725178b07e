import { type Delivery, deliverySizeBytes } from "./message.ts";

/** First in, first out: what waits for a client that is away, or for room in flight. Push and shift cost the same at any length. */
export class DeliveryQueue {
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #qos0Length = 0;
  #nextExpiryMs = Infinity;

  /** Deliveries that wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Payload and topic bytes of all that waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them are QoS 0, which those that follow must not overtake. */
  get qos0Length(): number {
    return this.#qos0Length;
  }

  /**
   * No delivery in the queue expires before this time; `Infinity`: none expires. The time may be too early: `shift` does not look for
   * the next one when it takes out the delivery that expires first, `take` does.
   */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  /** Puts it at the end. Whether there is room for it the caller has asked before. */
  push(delivery: Delivery): void {
    this.#items.push(delivery);
    this.#bytes += deliverySizeBytes(delivery);
    if (delivery.qos === 0) this.#qos0Length++;
    const { expiresAtMs } = delivery.message;
    if (expiresAtMs < this.#nextExpiryMs) this.#nextExpiryMs = expiresAtMs;
  }

  /** Takes out the one that is next; `undefined` where nothing waits. */
  shift(): Delivery | undefined {
    const delivery = this.#items[this.#head];
    if (delivery === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#forget(delivery);
    // The dead front is cut off when it is half of the array: each item is moved once on average.
    if (this.#head * 2 > this.#items.length && this.#head > 32) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#items.length) {
      this.#items.length = this.#head = 0;
      this.#nextExpiryMs = Infinity;
    }
    return delivery;
  }

  /** Takes out all for which `isTaken` holds and returns them in order. */
  take(isTaken: (delivery: Delivery) => boolean): Delivery[] {
    const taken: Delivery[] = [];
    const kept: Delivery[] = [];
    this.#nextExpiryMs = Infinity;
    for (const delivery of this) {
      if (isTaken(delivery)) taken.push(delivery);
      else {
        kept.push(delivery);
        this.#nextExpiryMs = Math.min(this.#nextExpiryMs, delivery.message.expiresAtMs);
      }
    }
    if (taken.length === 0) return taken;
    this.#items = kept;
    this.#head = 0;
    for (const delivery of taken) this.#forget(delivery);
    return taken;
  }

  /** All that waits, the next one first. */
  *[Symbol.iterator](): IterableIterator<Delivery> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i]!;
  }

  #forget(delivery: Delivery): void {
    this.#bytes -= deliverySizeBytes(delivery);
    if (delivery.qos === 0) this.#qos0Length--;
  }
}
