import { hasWildcard } from "./levels.ts";
import { topicMatches } from "./matches.ts";
import type { MatchOptions, RetainedCursor } from "./retained_cursor.ts";
import type { RetainedTopics } from "./retained_topics.ts";

/** A name and its value. */
export interface Entry<T> {
  readonly topicName: string;
  /** Names were added in this order. */
  readonly order: number;
  /** `undefined`: deleted. */
  value: T | undefined;
  /** Whether the trie has it. */
  isIndexed: boolean;
}

/** Where a walk looks. */
export interface Places<T> {
  readonly cursor: RetainedCursor<Entry<T>>;
  readonly added: readonly Entry<T>[];
  next: number;
  readonly end: number;
}

/**
 * A walk over the values that match one filter, which can rest at any place, in no certain order. It promises what
 * {@link RetainedCursor} does: a name that has a value all the while is given once.
 *
 * First the names that an earlier walk has passed by get into the trie; then the trie is walked; then the names that came since are
 * held against the filter one by one. A later walk may put some of these into the trie meanwhile, where this one leaves them out.
 */
export class RetainedWalk<T extends NonNullable<unknown>> {
  readonly #topics: RetainedTopics<T>;
  readonly #topicFilter: string;
  readonly #options: MatchOptions;
  readonly #hasWildcard: boolean;
  /** Names before this order are looked for in the trie. */
  readonly #indexOrder: number = 0;
  #addedOrder = 0;
  #places: Places<T> | undefined;
  #isDone = false;

  /** For {@link RetainedTopics.matches} only. */
  constructor(topics: RetainedTopics<T>, topicFilter: string, options: MatchOptions) {
    this.#topics = topics;
    this.#topicFilter = topicFilter;
    this.#options = options;
    this.#hasWildcard = hasWildcard(topicFilter);
    if (this.#hasWildcard) this.#indexOrder = topics.ask();
  }

  /** Whether the walk is over. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` names that gave none: a filter such as `+/+/x` may pass by
   * a million names and match none. {@link isDone} tells which.
   */
  next(maxSteps = Infinity): T | undefined {
    if (this.#isDone) return undefined;
    if (!this.#hasWildcard) {
      this.#isDone = true;
      return this.#topics.get(this.#topicFilter);
    }
    const places = this.#places ?? this.#begin(maxSteps);
    if (places === undefined) return undefined;
    const { cursor } = places;
    for (let steps = 0; !cursor.isDone; steps++) {
      const entry = steps < maxSteps ? cursor.next(maxSteps) : undefined;
      if (entry === undefined && !cursor.isDone) return undefined;
      if (entry !== undefined && entry.order < this.#addedOrder) return entry.value;
    }
    return this.#nextAdded(places, maxSteps);
  }

  #begin(maxSteps: number): Places<T> | undefined {
    if (!this.#topics.index(this.#indexOrder, maxSteps)) return undefined;
    const places = this.#topics.places(this.#topicFilter, this.#options);
    this.#addedOrder = places.added[places.next]?.order ?? Infinity;
    return this.#places = places;
  }

  #nextAdded(places: Places<T>, maxSteps: number): T | undefined {
    const { added, end } = places;
    const { hashMatchesParent } = this.#options;
    for (let steps = 0; places.next < end; steps++) {
      if (steps >= maxSteps) return undefined;
      const { topicName, value } = added[places.next++]!;
      if (value === undefined) continue;
      if (topicMatches(this.#topicFilter, topicName, hashMatchesParent)) return value;
    }
    this.#isDone = true;
    return undefined;
  }
}
