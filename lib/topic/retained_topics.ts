import type { MatchOptions } from "./retained_cursor.ts";
import type { Entry, Places } from "./retained_places.ts";
import { RetainedTrie } from "./retained_trie.ts";
import { RetainedWalk } from "./retained_walk.ts";

/** The least number of deleted entries before it is checked whether they are the majority of the new ones. */
const MIN_DELETED = 1024;

/**
 * Maps Topic Names to values, and finds them by name or by Topic Filter: the retained messages. Names and filters must be valid, filters
 * without `$share/{ShareName}/`.
 *
 * A Map finds a name. A trie, which costs ten times as much for each name, finds the matches of filters with wildcards. Therefore a new
 * name stays out of the trie at first: the first filter is compared with the new names one by one, which is cheap, and the second filter
 * puts them into the trie. A broker to which many publish and whose clients use no wildcards never pays for the trie.
 */
export class RetainedTopics<T extends NonNullable<unknown>> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #trie = new RetainedTrie<Entry<T>>();
  /** From `#nextNew` on, in order: entries that are not in the trie, including some that have been deleted since. */
  #new: Entry<T>[] = [];
  #nextNew = 0;
  #deletedNew = 0;
  /** The order of the next entry. */
  #order = 0;
  /** Entries before this order existed when a filter with wildcards was last used. */
  #askedOrder = 0;

  /** The number of Topic Names with a value. */
  get size(): number {
    return this.#entries.size;
  }

  /** The number of nodes in the trie. */
  get nodeCount(): number {
    return this.#trie.nodeCount;
  }

  /** Sets the value of a name; returns the previous one. */
  set(topicName: string, value: T): T | undefined {
    const entry = this.#entries.get(topicName);
    if (entry !== undefined) {
      const before = entry.value;
      entry.value = value;
      return before;
    }
    const added: Entry<T> = { topicName, order: this.#order++, value, isIndexed: false };
    this.#entries.set(topicName, added);
    this.#new.push(added);
    return undefined;
  }

  /** The value of a name. */
  get(topicName: string): T | undefined {
    return this.#entries.get(topicName)?.value;
  }

  /** Deletes the value of a name; returns it. */
  delete(topicName: string): T | undefined {
    const entry = this.#entries.get(topicName);
    if (entry === undefined) return undefined;
    this.#entries.delete(topicName);
    const before = entry.value;
    entry.value = undefined;
    if (entry.isIndexed) this.#trie.delete(topicName);
    else this.#countDeleted();
    return before;
  }

  /** Begins a walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedWalk<T> {
    return new RetainedWalk(this, topicFilter, options);
  }

  /**
   * Called when a walk with wildcards begins. Returns the order up to which (exclusive) earlier walks have already compared the new names
   * one by one.
   * @internal
   */
  ask(): number {
    const before = this.#askedOrder;
    this.#askedOrder = this.#order;
    return before;
  }

  /**
   * Puts up to `maxCount` new names before `order` into the trie; returns how many. Fewer than `maxCount` means that all of them are in it.
   *
   * @internal
   */
  index(order: number, maxCount: number): number {
    let count = 0;
    for (; this.#nextNew < this.#new.length; count++) {
      const entry = this.#new[this.#nextNew]!;
      if (entry.order >= order || count === maxCount) return count;
      this.#nextNew++;
      if (entry.value === undefined) this.#deletedNew--;
      else {
        this.#trie.set(entry.topicName, entry);
        entry.isIndexed = true;
      }
    }
    this.#new = [];
    this.#nextNew = 0;
    return count;
  }

  /**
   * Where to search for matches: a cursor over the trie, and the entries that are not in it, in [next, end) of an array that only grows at
   * its end.
   * @internal
   */
  places(topicFilter: string, options: MatchOptions): Places<T> {
    const cursor = this.#trie.matches(topicFilter, options);
    return { cursor, added: this.#new, next: this.#nextNew, end: this.#new.length };
  }

  /**
   * Removes deleted entries when they are the majority. Otherwise names that are set and deleted again and again would take ever more
   * memory as long as no filter has a wildcard.
   */
  #countDeleted(): void {
    this.#deletedNew++;
    if (this.#deletedNew < MIN_DELETED) return;
    if (this.#deletedNew * 2 < this.#new.length - this.#nextNew) return;
    this.#new = this.#new.slice(this.#nextNew).filter((entry) => entry.value !== undefined);
    this.#nextNew = this.#deletedNew = 0;
  }
}
