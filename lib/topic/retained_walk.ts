import { hasWildcard } from "./levels.ts";
import { topicMatches } from "./matches.ts";
import type { MatchOptions } from "./retained_cursor.ts";
import type { Places, WalkedTopics } from "./retained_places.ts";

/** What it takes to put a name into the trie, in steps of a walk: 2 to 8 µs beside 0.2 to 0.5. */
const STEPS_PER_INDEXED_NAME = 16;

/**
 * A walk over the values that match one filter, which can rest at any place, in no certain order. It promises what
 * {@link RetainedCursor} does: a name that has a value all the while is given once.
 *
 * First the names that an earlier walk has passed by get into the trie; then the trie is walked; then the names that came since are
 * held against the filter one by one. A later walk may put some of these into the trie meanwhile, where this one leaves them out.
 */
export class RetainedWalk<T extends NonNullable<unknown>> {
  readonly #topics: WalkedTopics<T>;
  readonly #topicFilter: string;
  readonly #options: MatchOptions;
  readonly #hasWildcard: boolean;
  /** Names before this order are looked for in the trie. */
  readonly #indexOrder: number = 0;
  #addedOrder = 0;
  #places: Places<T> | undefined;
  #steps = 0;
  #isDone = false;

  /** For {@link RetainedTopics.matches} only. */
  constructor(topics: WalkedTopics<T>, topicFilter: string, options: MatchOptions) {
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
   * Steps taken since the walk began, found or not: what it cost so far. A step is a node or a name that was looked at, each less than
   * a microsecond; a name that had to be put into the trie counts for several.
   */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` steps that gave none: a filter such as `+/+/x` may pass by
   * a million names and match none. {@link isDone} tells which. One step at least is taken, and a name put into the trie as a whole.
   */
  next(maxSteps = Infinity): T | undefined {
    if (this.#isDone) return undefined;
    if (!this.#hasWildcard) {
      this.#steps++;
      this.#isDone = true;
      return this.#topics.get(this.#topicFilter);
    }
    const end = this.#steps + Math.max(1, maxSteps);
    const places = this.#places ?? this.#begin(maxSteps);
    if (places === undefined) return undefined;
    const { cursor } = places;
    while (!cursor.isDone) {
      if (this.#steps >= end) return undefined;
      const stepsBefore = cursor.steps;
      const entry = cursor.next(end - this.#steps);
      this.#steps += cursor.steps - stepsBefore;
      // The cursor may show what was deleted, and what another walk has put into the trie since.
      if (entry?.value !== undefined && entry.order < this.#addedOrder) return entry.value;
    }
    return this.#nextAdded(places, end);
  }

  #begin(maxSteps: number): Places<T> | undefined {
    const maxCount = Math.max(1, Math.floor(maxSteps / STEPS_PER_INDEXED_NAME));
    const count = this.#topics.index(this.#indexOrder, maxCount);
    this.#steps += count * STEPS_PER_INDEXED_NAME;
    if (count >= maxCount) return undefined;
    const places = this.#topics.places(this.#topicFilter, this.#options);
    this.#addedOrder = places.added[places.next]?.order ?? Infinity;
    return this.#places = places;
  }

  #nextAdded(places: Places<T>, end: number): T | undefined {
    const { added } = places;
    const { hashMatchesParent } = this.#options;
    while (places.next < places.end) {
      if (this.#steps >= end) return undefined;
      this.#steps++;
      const { topicName, value } = added[places.next++]!;
      if (value === undefined) continue;
      if (topicMatches(this.#topicFilter, topicName, hashMatchesParent)) return value;
    }
    this.#isDone = true;
    return undefined;
  }
}
