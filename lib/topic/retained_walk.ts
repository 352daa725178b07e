import { hasWildcard } from "./levels.ts";
import { topicMatches } from "./matches.ts";
import type { MatchOptions } from "./retained_cursor.ts";
import type { Places, WalkedTopics } from "./retained_places.ts";

/** The cost of putting a name into the trie, in steps of a walk: 2 to 8 microseconds, where a step takes 0.2 to 0.5. */
const STEPS_PER_INDEXED_NAME = 16;

/**
 * A walk over the values that match one filter, in no particular order, which can pause anywhere. Like {@link RetainedCursor} it returns a
 * name that has a value during the whole walk once.
 *
 * First it puts the names that an earlier walk has compared one by one into the trie; then it walks the trie; then it compares the names
 * added since one by one. A later walk may put some of those into the trie meanwhile; this walk ignores them there.
 */
export class RetainedWalk<T extends NonNullable<unknown>> {
  readonly #topics: WalkedTopics<T>;
  readonly #topicFilter: string;
  readonly #options: MatchOptions;
  readonly #hasWildcard: boolean;
  /** Names before this order are put into the trie first. */
  readonly #indexOrder: number = 0;
  #addedOrder = 0;
  #places: Places<T> | undefined;
  #steps = 0;
  #isDone = false;

  /** Only {@link RetainedTopics.matches} creates walks. */
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
   * The steps taken so far, which measure the cost. A step is a node or a name looked at, less than a microsecond each; a name put into the
   * trie counts for several.
   */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` steps without one: a filter such as `+/+/x` may visit a million
   * names and match none. {@link isDone} tells which. At least one step is taken, and putting a name into the trie is not interrupted.
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
      // The cursor may show deleted entries, and entries that another walk has put into the trie since.
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
