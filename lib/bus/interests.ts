import type { BusHandler } from "./bus.ts";
import { encodeSubscribe, encodeUnsubscribe } from "./record.ts";
import type { Stream } from "./stream.ts";

interface Interest {
  readonly filterId: number;
  readonly topicFilter: string;
  /** One for each subscription: the same function may be there twice. */
  readonly handlers: Map<symbol, BusHandler>;
}

/** A Worker's subscriptions by Topic Filter, and which of them are still to be announced to its bridge. */
export class Interests {
  readonly #maxFilters: number;
  readonly #byFilter = new Map<string, Interest>();
  readonly #byId = new Map<number, Interest>();
  /** Announced to the bridge. */
  #announced = new Set<number>();
  /** To be announced or taken back, in the order of change. */
  readonly #changed = new Set<number>();
  #lastId = 0;

  constructor(maxFilters: number) {
    this.#maxFilters = maxFilters;
  }

  /** Whether something is still to be announced to the bridge. */
  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Adds a subscription; the returned function removes it. Throws `RangeError` beyond the limit of filters. */
  add(topicFilter: string, handler: BusHandler): () => void {
    const interest = this.#byFilter.get(topicFilter) ?? this.#newInterest(topicFilter);
    const key = Symbol();
    interest.handlers.set(key, handler);
    return () => {
      if (interest.handlers.delete(key) && interest.handlers.size === 0) this.#remove(interest);
    };
  }

  /** The handlers of a filter; `undefined` where it was removed in the meantime. */
  handlers(filterId: number): ReadonlyMap<symbol, BusHandler> | undefined {
    return this.#byId.get(filterId)?.handlers;
  }

  /** The bridge is another one, which knows nothing yet. */
  announceAllAgain(): void {
    this.#announced = new Set();
    this.#changed.clear();
    for (const filterId of this.#byId.keys()) this.#changed.add(filterId);
  }

  /** Writes what has changed to the stream, as far as there is room; returns whether that was all. */
  announce(stream: Stream): boolean {
    for (const filterId of this.#changed) {
      const interest = this.#byId.get(filterId);
      if (interest) encodeSubscribe(stream.begin(), filterId, interest.topicFilter);
      else encodeUnsubscribe(stream.begin(), filterId);
      if (stream.commit(0) !== "accepted") return false;
      this.#changed.delete(filterId);
      if (interest) this.#announced.add(filterId);
      else this.#announced.delete(filterId);
    }
    return true;
  }

  #newInterest(topicFilter: string): Interest {
    if (this.#byFilter.size >= this.#maxFilters) {
      throw new RangeError(`Cannot subscribe: there are ${this.#maxFilters} Topic Filters already`);
    }
    const interest = { filterId: ++this.#lastId, topicFilter, handlers: new Map() };
    this.#byFilter.set(topicFilter, interest);
    this.#byId.set(interest.filterId, interest);
    this.#changed.add(interest.filterId);
    return interest;
  }

  #remove({ filterId, topicFilter }: Interest): void {
    this.#byFilter.delete(topicFilter);
    this.#byId.delete(filterId);
    // What was never announced to the bridge need not be taken back.
    if (this.#announced.has(filterId)) this.#changed.add(filterId);
    else this.#changed.delete(filterId);
  }
}
