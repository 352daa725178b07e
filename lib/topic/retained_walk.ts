import { hasWildcard } from "./levels.ts";
import { topicMatches } from "./matches.ts";
import type { MatchOptions } from "./name_filter.ts";
import { ApartName, type Places, type WalkedTopics } from "./retained_places.ts";

/** The cost of sorting a name in, in steps of a walk: 1 to 3 microseconds, where a step takes 0.1 to 0.5. */
const STEPS_PER_INDEXED_NAME = 16;

/**
 * A walk over the values that match one filter, in no particular order, which can pause anywhere. A name that has a value during the
 * whole walk is returned once. One that is set or deleted meanwhile may be returned or not; one that is deleted and set again may be returned
 * twice, with the old value and the new.
 *
 * First it sorts in the names that an earlier walk has compared one by one; then it searches the sorted names; then it compares the names
 * added since one by one. A later walk may sort some of those in meanwhile; this walk ignores them there.
 */
export class RetainedWalk<T extends NonNullable<unknown>> {
  readonly #topics: WalkedTopics<T>;
  readonly #topicFilter: string;
  readonly #options: MatchOptions;
  readonly #hasWildcard: boolean;
  /** Names before this order are sorted in first. */
  readonly #indexOrder: number = 0;
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
   * The steps taken so far, which measure the cost. A step is a name looked at, or a jump to another one, less than a microsecond each; a name
   * that is sorted in counts for several.
   */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` steps without one: a filter such as `+/+/x` may visit a million
   * names and match none. {@link isDone} tells which. At least one step is taken, and sorting a name in is not interrupted.
   */
  next(maxSteps = Infinity): T | ApartName | undefined {
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
      const isFound = cursor.next(end - this.#steps);
      this.#steps += cursor.steps - stepsBefore;
      if (!isFound) continue;
      const { block, at } = cursor;
      // Another walk may have sorted it in since.
      if (block.orders[at]! >= places.addedOrder) continue;
      const item = block.items[at]!;
      return typeof item === "number" ? new ApartName(block.nameAt(at)!, item, block) : item.value;
    }
    return this.#nextAdded(places, end);
  }

  #begin(maxSteps: number): Places<T> | undefined {
    const maxCount = Math.max(1, Math.floor(maxSteps / STEPS_PER_INDEXED_NAME));
    const count = this.#topics.index(this.#indexOrder, maxCount);
    this.#steps += count * STEPS_PER_INDEXED_NAME;
    if (count >= maxCount) return undefined;
    return this.#places = this.#topics.places(this.#topicFilter, this.#options);
  }

  #nextAdded(places: Places<T>, end: number): T | ApartName | undefined {
    const { added } = places;
    const { hashMatchesParent } = this.#options;
    while (places.next < places.end) {
      if (this.#steps >= end) return undefined;
      this.#steps++;
      const entry = added[places.next++]!;
      const { topicName, value, isIndexed } = entry;
      // The value of a name that is sorted in may have been put apart since.
      if (value === undefined && !isIndexed) continue;
      if (!topicMatches(this.#topicFilter, topicName, hashMatchesParent)) continue;
      const found = value ?? this.#topics.valueOf(entry);
      if (found !== undefined) return found;
    }
    this.#isDone = true;
    return undefined;
  }
}
