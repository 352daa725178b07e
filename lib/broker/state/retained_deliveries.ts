import type { StoredRetained, Subscription } from "../../session/mod.ts";
import type { ApartName, RetainedWalk } from "../../topic/mod.ts";
import type { ArenaMessage } from "../ground/payload_arena.ts";

/** The least number of empty places at the front of the array before it is cut. */
const MIN_EMPTY = 32;

/** Retained messages on their way to a new subscription, a slice at a time. */
export interface RetainedDelivery {
  /** The subscription as it was then; the same filter again in the same SUBSCRIBE makes another object. It is not shared. */
  readonly subscription: Subscription;
  /** `null` until the first slice. */
  walk: RetainedWalk<ArenaMessage> | null;
  /** What the walk has found that has to be read from the store; absent: nothing so far. */
  apart?: RetainedApart;
}

/** Retained messages of a delivery that are in the store alone, or their payloads. Some are read while others are delivered. */
export interface RetainedApart {
  /** Those that are read next. */
  found: (ArenaMessage | ApartName)[];
  /** Bytes of their contents. */
  foundBytes: number;
  /** Whether some are being read. */
  isReading: boolean;
  /** Those that were read while others were delivered. */
  ahead: RetainedRead;
  /** Those that were read before, and are being delivered. */
  read: RetainedRead;
}

/** Retained messages that were read from the store together. */
export interface RetainedRead {
  readonly kept: readonly (ArenaMessage | ApartName)[];
  /** At the same places; `undefined`: the store has none any more. */
  readonly messages: readonly (StoredRetained | undefined)[];
  /** The place of the next one to be delivered. */
  next: number;
}

/**
 * Retained messages that are still to be sent to one client, in the order of its SUBSCRIBE packets: a FIFO queue with constant cost. A
 * client may have many that wait: of these only the subscription is kept.
 */
export class RetainedDeliveries {
  #waiting: Subscription[] = NONE;
  #head = 0;
  #first: RetainedDelivery | undefined;

  /** The number of deliveries that are not complete. */
  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** The delivery that is under way; `undefined` where there is none. */
  get first(): RetainedDelivery | undefined {
    if (this.length === 0) return undefined;
    return this.#first ??= { subscription: this.#waiting[this.#head]!, walk: null };
  }

  /** Adds a delivery at the end. The subscription must not be a shared one: these get no retained messages. */
  push(subscription: Subscription): void {
    if (this.#waiting === NONE) this.#waiting = [];
    this.#waiting.push(subscription);
  }

  /** Removes the first delivery. The array is cut when most of it is empty, so that each element is moved once on average. */
  shift(): void {
    this.#first = undefined;
    this.#head++;
    if (this.#head >= this.#waiting.length) {
      this.#waiting = NONE;
      this.#head = 0;
    } else if (this.#head > MIN_EMPTY && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** One empty array for all clients that have none waiting, so that an idle client has no array of its own. */
const NONE: Subscription[] = [];
