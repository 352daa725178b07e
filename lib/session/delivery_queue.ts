import { ExpiryHeap } from "./expiry_heap.ts";
import { type Delivery, deliverySizeBytes } from "./message.ts";

/** Places of the array that may be empty before it is looked at whether they are most of it. */
const MIN_EMPTY = 32;

/**
 * First in, first out: what waits for a client that is away, or for room in flight. Push and shift cost the same at any length, and what
 * has expired is found without looking at the rest: a queue may be long, and full for each message that comes.
 */
export class DeliveryQueue {
  /** From `#head` on what waits, and empty places where something has expired. */
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #length = 0;
  /** The position of the array's first place, counted from the first that ever waited. */
  #firstPosition = 0;
  #bytes = 0;
  #qos0Length = 0;
  /** Of what waits, and of some that has left since; made with the first that expires. */
  #expiries: ExpiryHeap | undefined;

  /** Deliveries that wait. */
  get length(): number {
    return this.#length;
  }

  /** What all that waits takes of the limits in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The one that is next; `undefined` where nothing waits. */
  get first(): Delivery | undefined {
    return this[Symbol.iterator]().next().value;
  }

  /** How many of them are QoS 0, which those that follow must not overtake. */
  get qos0Length(): number {
    return this.#qos0Length;
  }

  /** Nothing that waits expires before this time; `Infinity`: nothing expires. It may be the time of something that has left. */
  get nextExpiryMs(): number {
    return this.#expiries?.nextMs ?? Infinity;
  }

  /** Puts it at the end. Whether there is room for it the caller has asked before. */
  push(delivery: Delivery): void {
    this.#bytes += deliverySizeBytes(delivery);
    if (delivery.qos === 0) this.#qos0Length++;
    this.#length++;
    this.#place(delivery);
    // What has left stays among the expiries until its time comes; that must not become most of them.
    if (this.#expiries !== undefined && this.#expiries.length > 2 * this.#length + MIN_EMPTY) {
      this.#compact();
    }
  }

  /** Takes out the one that is next; `undefined` where nothing waits. */
  shift(): Delivery | undefined {
    if (this.#length === 0) return undefined;
    while (this.#items[this.#head] === undefined) this.#head++;
    const delivery = this.#items[this.#head]!;
    this.#remove(this.#head++, delivery);
    this.#trim();
    return delivery;
  }

  /** Takes out all for which `isTaken` holds and returns them in order. Looks at all that waits. */
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

  /** Takes out all that has expired at `nowMs`, and returns it as it expired. Looks at nothing else. */
  takeExpired(nowMs: number): Delivery[] {
    const taken: Delivery[] = [];
    const expiries = this.#expiries;
    while (expiries !== undefined && expiries.nextMs <= nowMs) {
      const index = expiries.pop()!.position - this.#firstPosition;
      const delivery = this.#items[index];
      if (delivery === undefined) continue; // It has left before.
      taken.push(delivery);
      this.#remove(index, delivery);
    }
    if (taken.length > 0) this.#trim();
    return taken;
  }

  /** All that waits, the next one first. */
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

  /** Gives up empty places when they are most of the array: each item is moved once on average. */
  #trim(): void {
    if (this.#length === 0) {
      this.#firstPosition += this.#items.length;
      this.#items.length = this.#head = 0;
      this.#expiries = undefined;
      return;
    }
    const dead = this.#items.length - this.#length;
    if (dead <= MIN_EMPTY || dead <= this.#length) return;
    // All of them in front, as mostly: what is behind keeps its position.
    if (dead === this.#head) {
      this.#items = this.#items.slice(this.#head);
      this.#firstPosition += this.#head;
      this.#head = 0;
    } else this.#compact();
  }

  /** Puts all that waits into a new array without gaps, and its expiries into a new heap. */
  #compact(): void {
    const waiting = [...this];
    this.#firstPosition += this.#items.length;
    this.#items = [];
    this.#head = 0;
    this.#expiries = undefined;
    for (const delivery of waiting) this.#place(delivery);
  }
}
