import { DeliveryQueue } from "./delivery_queue.ts";
import { type Delivery, deliverySizeBytes } from "./message.ts";

/** How much waits. */
export interface QueueCounts {
  /** Deliveries. */
  readonly messages: number;
  /** What they take of the limits in bytes. */
  readonly bytes: number;
  /** How many of them are QoS 0. */
  readonly qos0Messages: number;
}

/** What waits in a store alone, and what is known of it here: numbers. */
export interface QueueTail {
  /** Deliveries. */
  length: number;
  /** What they take of the limits in bytes. */
  bytes: number;
  /** How many of them are QoS 0. */
  qos0Length: number;
  /** Nothing of it expires before this time; 0: nobody knows. */
  nextExpiryMs: number;
  /** Greater than the sequence of everything that was read of it in its order, and less than that of everything that was not. */
  readUpTo: number;
  /** What of it has been asked for: the next part, or what has expired. */
  reading: "next" | "expired" | undefined;
  /** What was read out of its order is to be deleted in the store before the next part is read. */
  mustCommit: boolean;
}

/** Called for a delivery that cannot be moved for a fault of ours, and has left the queue. */
export type MoveFailed = (delivery: Delivery, error: unknown) => void;

/** One queue for all sessions for which nothing has waited; nothing is put into it. Its own would be a hundred bytes of each. */
const NOTHING = new DeliveryQueue();

/**
 * A session's queue, of which only the beginning may be in memory.
 *
 * | part     | where           | what                                                                                     |
 * |----------|-----------------|------------------------------------------------------------------------------------------|
 * | `held`   | memory          | the beginning; all, where nothing waits in the store alone                               |
 * | `tail`   | the store alone | what comes behind it, by the order of `sequence`                                         |
 * | `behind` | memory          | what came while there was a tail, and may not be in the store alone: it is put in between |
 *
 * While there is a tail, what comes goes there or `behind`, and nothing into `held` but what was read of the tail: so the order holds.
 */
export class SessionQueue {
  #held: DeliveryQueue = NOTHING;
  #tail: QueueTail | undefined;
  #behind: DeliveryQueue | undefined;

  /** Deliveries that wait, wherever. */
  get length(): number {
    return this.#held.length + (this.#tail === undefined ? 0 : this.#tailLength);
  }

  /** What all that waits takes of the limits in bytes. */
  get bytes(): number {
    return this.heldBytes + (this.#tail?.bytes ?? 0);
  }

  /** How many of them are QoS 0, which those that follow must not overtake. */
  get qos0Length(): number {
    const { qos0Length } = this.#held;
    if (this.#tail === undefined) return qos0Length;
    return qos0Length + this.#tail.qos0Length + (this.#behind?.qos0Length ?? 0);
  }

  /** What is in memory takes so many of the limits in bytes. */
  get heldBytes(): number {
    return this.#held.bytes + (this.#behind?.bytes ?? 0);
  }

  /** Deliveries at its beginning that are in memory: so many can be taken before the tail is needed. */
  get heldLength(): number {
    return this.#held.length;
  }

  /** What waits in the store alone; `undefined`: nothing does. */
  get tail(): QueueTail | undefined {
    return this.#tail;
  }

  /** All of it. */
  get counts(): QueueCounts {
    return { messages: this.length, bytes: this.bytes, qos0Messages: this.qos0Length };
  }

  /** Puts a delivery at the end, in memory. */
  push(delivery: Delivery): void {
    if (this.#tail === undefined) this.#hold(delivery);
    else (this.#behind ??= new DeliveryQueue()).push(delivery);
  }

  /** Puts a delivery at the end, which from now on waits in the store alone. */
  pushApart(delivery: Delivery): void {
    const { message: { expiresAtMs }, qos, sequence } = delivery;
    const tail = this.#tail ??= newTail(sequence - 1, Infinity);
    tail.length++;
    tail.bytes += deliverySizeBytes(delivery);
    if (qos === 0) tail.qos0Length++;
    tail.nextExpiryMs = Math.min(tail.nextExpiryMs, expiresAtMs);
  }

  /** So much waits as a store remembers it, which is not in memory: before anything is pushed but what goes in between. */
  restoreTail({ messages, bytes, qos0Messages }: QueueCounts): void {
    const tail = this.#tail = newTail(0, 0);
    tail.length = messages;
    tail.bytes = bytes;
    tail.qos0Length = qos0Messages;
  }

  /**
   * The next delivery of the tail, which was read, is in memory from now on, and of those in between those before it; `isKept`: else it leaves.
   */
  bringIn(delivery: Delivery, isKept = true, onFailed?: MoveFailed): void {
    const { sequence } = delivery;
    this.#tail!.readUpTo = sequence;
    this.leaveTail(delivery);
    this.#moveBehind(sequence, onFailed);
    if (isKept) this.#hold(delivery);
  }

  /** Takes a delivery, which was read out of its order, out of the tail. {@linkcode endTail} comes after it. */
  leaveTail({ qos, ...delivery }: Delivery): void {
    const tail = this.#tail!;
    tail.length--;
    tail.bytes -= deliverySizeBytes({ qos, ...delivery });
    if (qos === 0) tail.qos0Length--;
  }

  /** Where nothing of the tail is left, what is in between is its end. */
  endTail(onFailed?: MoveFailed): void {
    if (this.#tail === undefined || this.#tail.length > 0) return;
    this.#moveBehind(Infinity, onFailed);
    this.#tail = this.#behind = undefined;
  }

  /** Nothing of the tail is there any more; how much it was. */
  forgetTail(): QueueCounts {
    const { length: messages = 0, bytes = 0, qos0Length: qos0Messages = 0 } = this.#tail ?? {};
    if (this.#tail !== undefined) this.#tail.length = 0;
    this.endTail();
    return { messages, bytes, qos0Messages };
  }

  /** Takes out the one that is next; `undefined` where nothing waits, or where the store must be asked first. */
  shift(): Delivery | undefined {
    return this.#held.shift();
  }

  /** Takes out all in memory for which `isTaken` holds and returns them in order. Looks at all that is there. */
  take(isTaken: (delivery: Delivery) => boolean): Delivery[] {
    const taken = this.#held.take(isTaken);
    return this.#behind === undefined ? taken : [...taken, ...this.#behind.take(isTaken)];
  }

  /** Takes out all in memory that has expired at `nowMs`. Looks at nothing else. */
  takeExpired(nowMs: number): Delivery[] {
    const taken = this.#held.takeExpired(nowMs);
    return this.#behind === undefined ? taken : [...taken, ...this.#behind.takeExpired(nowMs)];
  }

  /** All that is in memory, the next one first. */
  *[Symbol.iterator](): IterableIterator<Delivery> {
    yield* this.#held;
    if (this.#behind !== undefined) yield* this.#behind;
  }

  #hold(delivery: Delivery): void {
    if (this.#held === NOTHING) this.#held = new DeliveryQueue();
    this.#held.push(delivery);
  }

  /** What is in between, up to this sequence, is in front of what is read next. */
  #moveBehind(sequence: number, onFailed: MoveFailed | undefined): void {
    const behind = this.#behind;
    for (let next = behind?.first; next !== undefined; next = behind!.first) {
      // What is not stored came last.
      if ((next.sequence || Infinity) > sequence) return;
      // First what can fail.
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
