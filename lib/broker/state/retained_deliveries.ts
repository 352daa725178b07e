import type { Subscription } from "../../session/mod.ts";
import type { RetainedWalk } from "../../topic/mod.ts";
import type { ArenaMessage } from "../ground/payload_arena.ts";

/** Places at the front that may be empty before the array is cut. */
const MIN_EMPTY = 32;

/** Retained messages on their way to a new subscription, a slice at a time. */
export interface RetainedDelivery {
  /** As it was when it was made: the same filter once more in the same packet is another one. */
  readonly subscription: Subscription;
  /** Without `$share/…`. */
  readonly topicFilter: string;
  /** `null` until its turn comes: a client may wait for many. */
  walk: RetainedWalk<ArenaMessage> | null;
}

/** What is still to come to one client, in the order of its SUBSCRIBE packets: first in, first out, at the same cost at any length. */
export class RetainedDeliveries {
  #items: RetainedDelivery[] = NONE;
  #head = 0;

  /** Deliveries that are not over. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The one that is under way; `undefined` where there is none. */
  get first(): RetainedDelivery | undefined {
    return this.#items[this.#head];
  }

  /** Puts one behind the others. */
  push(delivery: RetainedDelivery): void {
    if (this.#items === NONE) this.#items = [];
    this.#items.push(delivery);
  }

  /** The first is over. What has left goes when it is most of the array: each that stays is moved once on average. */
  shift(): void {
    this.#head++;
    if (this.#head >= this.#items.length) {
      this.#items = NONE;
      this.#head = 0;
    } else if (this.#head > MIN_EMPTY && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** What most clients have to come, for all of them: an idle one has no array of its own. */
const NONE: RetainedDelivery[] = [];
