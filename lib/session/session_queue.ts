import { DeliveryQueue } from "./delivery_queue.ts";
import { type Delivery, deliverySizeBytes } from "./message.ts";

/** The size of a queue. */
export interface QueueCounts {
  /** Deliveries. */
  readonly messages: number;
  /** Their bytes, as they count against the limits. */
  readonly bytes: number;
  /** How many of them are QoS 0. */
  readonly qos0Messages: number;
}

/** The part of a queue that is in the store alone. In memory only these numbers are known of it. */
export interface QueueTail {
  /** Deliveries. */
  length: number;
  /** Their bytes, as they count against the limits. */
  bytes: number;
  /** How many of them are QoS 0. */
  qos0Length: number;
  /** None of these deliveries expires before this time; 0 means unknown. */
  nextExpiryMs: number;
  /** Deliveries up to this `sequence` have been read in order; all later ones have not. */
  readUpTo: number;
  /** What is being read from the store: the next part, or the expired deliveries. */
  reading: "next" | "expired" | undefined;
  /** Whether deliveries that were read out of order still have to be deleted in the store before the next part is read. */
  mustCommit: boolean;
}

/** Called for a delivery that was removed from the queue because an error of ours kept it from being moved. */
export type MoveFailed = (delivery: Delivery, error: unknown) => void;

/** One empty queue shared by all sessions for which nothing has waited yet: one of its own would take a hundred bytes of each session. */
const NOTHING = new DeliveryQueue();

/**
 * A session's queue. If it is long, only its beginning is in memory.
 *
 * | part     | where           | what                                                                                     |
 * |----------|-----------------|------------------------------------------------------------------------------------------|
 * | `held`   | memory          | the beginning; everything while there is no tail                                         |
 * | `tail`   | the store alone | the deliveries after `held`, in the order of `sequence`                                  |
 * | `behind` | memory          | deliveries that came while there was a tail and must stay in memory; merged by `sequence` |
 *
 * While there is a tail, new deliveries go to `tail` or `behind`, and only deliveries read from the tail go to `held`. So the order holds.
 */
export class SessionQueue {
  #held: DeliveryQueue = NOTHING;
  #tail: QueueTail | undefined;
  #behind: DeliveryQueue | undefined;

  /** All waiting deliveries, in memory or not. */
  get length(): number {
    return this.#held.length + (this.#tail === undefined ? 0 : this.#tailLength);
  }

  /** The bytes of all waiting deliveries, as they count against the limits. */
  get bytes(): number {
    return this.heldBytes + (this.#tail?.bytes ?? 0);
  }

  /** Waiting deliveries of QoS 0, which later ones must not overtake. */
  get qos0Length(): number {
    const { qos0Length } = this.#held;
    if (this.#tail === undefined) return qos0Length;
    return qos0Length + this.#tail.qos0Length + (this.#behind?.qos0Length ?? 0);
  }

  /** The bytes of the deliveries in memory, as they count against the limits. */
  get heldBytes(): number {
    return this.#held.bytes + (this.#behind?.bytes ?? 0);
  }

  /** Deliveries that can be taken before the tail is needed. */
  get heldLength(): number {
    return this.#held.length;
  }

  /** The next delivery that is in memory, before the tail; `undefined` where there is none. */
  get first(): Delivery | undefined {
    return this.#held.first;
  }

  /** The part that is in the store alone; `undefined` if there is none. */
  get tail(): QueueTail | undefined {
    return this.#tail;
  }

  /** The size of the whole queue. */
  get counts(): QueueCounts {
    return { messages: this.length, bytes: this.bytes, qos0Messages: this.qos0Length };
  }

  /** Adds a delivery at the end, in memory. */
  push(delivery: Delivery): void {
    if (this.#tail === undefined) this.#hold(delivery);
    else (this.#behind ??= new DeliveryQueue()).push(delivery);
  }

  /** Adds a delivery at the end, in the store alone. */
  pushApart(delivery: Delivery): void {
    const { message: { expiresAtMs }, qos, sequence } = delivery;
    const tail = this.#tail ??= newTail(sequence - 1, Infinity);
    tail.length++;
    tail.bytes += deliverySizeBytes(delivery);
    if (qos === 0) tail.qos0Length++;
    tail.nextExpiryMs = Math.min(tail.nextExpiryMs, expiresAtMs);
  }

  /** Sets the counts of a tail that the store still holds. Call it before `push`, which then adds to `behind`. */
  restoreTail({ messages, bytes, qos0Messages }: QueueCounts): void {
    const tail = this.#tail = newTail(0, 0);
    tail.length = messages;
    tail.bytes = bytes;
    tail.qos0Length = qos0Messages;
  }

  /**
   * Moves the next delivery of the tail, which has been read, into memory, after those of `behind` that come before it. With `isKept` false
   * the delivery is dropped.
   */
  bringIn(delivery: Delivery, isKept = true, onFailed?: MoveFailed): void {
    const { sequence } = delivery;
    this.#tail!.readUpTo = sequence;
    this.leaveTail(delivery);
    this.#moveBehind(sequence, onFailed);
    if (isKept) this.#hold(delivery);
  }

  /** Removes a delivery that was read out of order from the tail. Call {@linkcode endTail} afterwards. */
  leaveTail({ qos, ...delivery }: Delivery): void {
    const tail = this.#tail!;
    tail.length--;
    tail.bytes -= deliverySizeBytes({ qos, ...delivery });
    if (qos === 0) tail.qos0Length--;
  }

  /** If the tail is empty, `behind` is appended to `held`, and the tail ends. */
  endTail(onFailed?: MoveFailed): void {
    if (this.#tail === undefined || this.#tail.length > 0) return;
    this.#moveBehind(Infinity, onFailed);
    this.#tail = this.#behind = undefined;
  }

  /** Drops the tail; returns its size. */
  forgetTail(): QueueCounts {
    const { length: messages = 0, bytes = 0, qos0Length: qos0Messages = 0 } = this.#tail ?? {};
    if (this.#tail !== undefined) this.#tail.length = 0;
    this.endTail();
    return { messages, bytes, qos0Messages };
  }

  /** Removes and returns the next delivery; `undefined` if the queue is empty, or if the store must be read first. */
  shift(): Delivery | undefined {
    return this.#held.shift();
  }

  /** Removes all deliveries in memory for which `isTaken` returns true, and returns them in order. It looks at all of them. */
  take(isTaken: (delivery: Delivery) => boolean): Delivery[] {
    const taken = this.#held.take(isTaken);
    return this.#behind === undefined ? taken : [...taken, ...this.#behind.take(isTaken)];
  }

  /** Removes and returns all deliveries in memory that have expired at `nowMs`. It looks at no others. */
  takeExpired(nowMs: number): Delivery[] {
    const taken = this.#held.takeExpired(nowMs);
    return this.#behind === undefined ? taken : [...taken, ...this.#behind.takeExpired(nowMs)];
  }

  /** All deliveries in memory, the next one first. */
  *[Symbol.iterator](): IterableIterator<Delivery> {
    yield* this.#held;
    if (this.#behind !== undefined) yield* this.#behind;
  }

  #hold(delivery: Delivery): void {
    if (this.#held === NOTHING) this.#held = new DeliveryQueue();
    this.#held.push(delivery);
  }

  /** Moves the deliveries of `behind` up to this sequence to `held`: they come before the next one that is read. */
  #moveBehind(sequence: number, onFailed: MoveFailed | undefined): void {
    const behind = this.#behind;
    for (let next = behind?.first; next !== undefined; next = behind!.first) {
      // A delivery that is not stored has sequence 0; it came last.
      if ((next.sequence || Infinity) > sequence) return;
      // Adding may fail, so the delivery leaves `behind` only afterwards.
      try {
        this.#hold(next);
      } catch (error) {
        if (onFailed === undefined) throw error;
        behind!.shift();
        onFailed(next, error);
        continue;
      }
      behind!.shift();
    }
  }

  get #tailLength(): number {
    return this.#tail!.length + (this.#behind?.length ?? 0);
  }
}

function newTail(readUpTo: number, nextExpiryMs: number): QueueTail {
  return {
    length: 0,
    bytes: 0,
    qos0Length: 0,
    nextExpiryMs,
    readUpTo,
    reading: undefined,
    mustCommit: false,
  };
}
