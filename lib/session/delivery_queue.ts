import { ExpiryHeap } from "./expiry_heap.ts";
import { type Delivery, deliverySizeBytes } from "./message.ts";

/** The least number of empty places in the array before the queue checks whether most places are empty. */
const MIN_EMPTY = 32;

/**
 * A FIFO queue of deliveries that wait for a client that is away, or for room in flight. Push and shift have constant cost, and
 * expired deliveries are found without scanning the others: a full queue may be long, and looks for them at each new message.
 */
export class DeliveryQueue {
  /** From `#head` on: the waiting deliveries, and empty places where one has expired. */
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #length = 0;
  /** The position of the array's first place, counted from the first delivery ever pushed. */
  #firstPosition = 0;
  #bytes = 0;
  #qos0Length = 0;
  /** Expiries of waiting deliveries, and of some that have left; created with the first delivery that can expire. */
  #expiries: ExpiryHeap | undefined;

  /** Deliveries that wait. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of all waiting deliveries, as they count against the limits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The next delivery; `undefined` where none waits. */
  get first(): Delivery | undefined {
    if (this.#length === 0) return undefined;
    while (this.#items[this.#head] === undefined) this.#head++;
    return this.#items[this.#head];
  }

  /** Waiting deliveries of QoS 0: later messages of QoS 0 must not overtake them. */
  get qos0Length(): number {
    return this.#qos0Length;
  }

  /** No waiting delivery expires before this time; `Infinity` if none expires. It may still be the time of a delivery that has left. */
  get nextExpiryMs(): number {
    return this.#expiries?.nextMs ?? Infinity;
  }

  /** Adds a delivery at the end. The caller has checked the limits. */
  push(delivery: Delivery): void {
    this.#bytes += deliverySizeBytes(delivery);
    if (delivery.qos === 0) this.#qos0Length++;
    this.#length++;
    this.#place(delivery);
    // Deliveries that have left stay in the heap until their time comes; rebuild it before they become most of it.
    if (this.#expiries !== undefined && this.#expiries.length > 2 * this.#length + MIN_EMPTY) {
      this.#compact();
    }
  }

  /** Removes and returns the next delivery; `undefined` where none waits. */
  shift(): Delivery | undefined {
    const delivery = this.first;
    if (delivery === undefined) return undefined;
    this.#remove(this.#head++, delivery);
    this.#trim();
    return delivery;
  }

  /** Removes all deliveries for which `isTaken` returns true, and returns them in order. It looks at all waiting deliveries. */
  take(isTaken: (delivery: Delivery) => boolean): Delivery[] {
    const indexes: number[] = [];
    for (let i = this.#head; i < this.#items.length; i++) {
      const delivery = this.#items[i];
      if (delivery !== undefined && isTaken(delivery)) indexes.push(i);
    }
    const taken = indexes.map((index) => this.#items[index]!);
    for (const [i, index] of indexes.entries()) this.#remove(index, taken[i]!);
    this.#compact();
    return taken;
  }

  /** Removes all deliveries that have expired at `nowMs`, and returns them by expiry. It looks at no others. */
  takeExpired(nowMs: number): Delivery[] {
    const taken: Delivery[] = [];
    const expiries = this.#expiries;
    while (expiries !== undefined && expiries.nextMs <= nowMs) {
      const index = expiries.pop()!.position - this.#firstPosition;
      const delivery = this.#items[index];
      if (delivery === undefined) continue; // The delivery has left before.
      taken.push(delivery);
      this.#remove(index, delivery);
    }
    if (taken.length > 0) this.#trim();
    return taken;
  }

  /** All waiting deliveries, the next one first. */
  *[Symbol.iterator](): IterableIterator<Delivery> {
    for (let i = this.#head; i < this.#items.length; i++) {
      const delivery = this.#items[i];
      if (delivery !== undefined) yield delivery;
    }
  }

  #place(delivery: Delivery): void {
    const { expiresAtMs } = delivery.message;
    if (expiresAtMs !== Infinity) {
      this.#expiries ??= new ExpiryHeap();
      const position = this.#firstPosition + this.#items.length;
      this.#expiries.push({ atMs: expiresAtMs, position });
    }
    this.#items.push(delivery);
  }

  #remove(index: number, delivery: Delivery): void {
    this.#items[index] = undefined;
    this.#length--;
    this.#bytes -= deliverySizeBytes(delivery);
    if (delivery.qos === 0) this.#qos0Length--;
  }

  /** Removes empty places when most of the array is empty, so that each item is moved once on average. */
  #trim(): void {
    if (this.#length === 0) {
      this.#firstPosition += this.#items.length;
      this.#items.length = this.#head = 0;
      this.#expiries = undefined;
      return;
    }
    const dead = this.#items.length - this.#length;
    if (dead <= MIN_EMPTY || dead <= this.#length) return;
    // All empty places are in front, as they usually are: the other items keep their positions.
    if (dead === this.#head) {
      this.#items = this.#items.slice(this.#head);
      this.#firstPosition += this.#head;
      this.#head = 0;
    } else this.#compact();
  }

  /** Copies all waiting deliveries into a new array without gaps, and their expiries into a new heap. */
  #compact(): void {
    const waiting = [...this];
    this.#firstPosition += this.#items.length;
    this.#items = [];
    this.#head = 0;
    this.#expiries = undefined;
    for (const delivery of waiting) this.#place(delivery);
  }
}
