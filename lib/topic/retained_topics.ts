import type { MatchOptions } from "./retained_cursor.ts";
import type { Entry, Places } from "./retained_places.ts";
import { RetainedTrie } from "./retained_trie.ts";
import { RetainedWalk } from "./retained_walk.ts";

/** Deleted entries that may stand among the new ones before it is looked at whether they are most of them. */
const MIN_DELETED = 1024;

/**
 * From Topic Names to values, to be found by name or by Topic Filter: the retained messages. Names and filters are taken as valid,
 * filters without `$share/{ShareName}/`.
 *
 * By name they stand in a Map. The trie is for filters with wildcards, and costs ten times as much for each name. So a new name
 * stays out of it at first: the first filter that comes is held against the new names one by one, which is cheap, and the second
 * puts them into the trie. Where many publish and nobody asks with wildcards, nobody pays.
 */
export class RetainedTopics<T extends NonNullable<unknown>> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #trie = new RetainedTrie<Entry<T>>();
  /** In their order, from `#nextNew` on: entries that the trie does not have, and some that were deleted since. */
  #new: Entry<T>[] = [];
  #nextNew = 0;
  #deletedNew = 0;
  /** Of the next entry. */
  #order = 0;
  /** Entries before this one were there when a filter with wildcards was last asked for. */
  #askedOrder = 0;

  /** Topic Names that have a value. */
  get size(): number {
    return this.#entries.size;
  }

  /** Nodes of the trie. */
  get nodeCount(): number {
    return this.#trie.nodeCount;
  }

  /** Puts a value under a name; returns the one before. */
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

  /** The value under a name. */
  get(topicName: string): T | undefined {
    return this.#entries.get(topicName)?.value;
  }

  /** Takes the value away from under a name; returns it. */
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

  /** A walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedWalk<T> {
    return new RetainedWalk(this, topicFilter, options);
  }

  /**
   * A walk with wildcards begins: which new names an earlier one has passed by, as the order before which all of them are.
   * @internal
   */
  ask(): number {
    const before = this.#askedOrder;
    this.#askedOrder = this.#order;
    return before;
  }

  /**
   * Puts new names before `order` into the trie, `maxCount` at most; returns how many. Fewer than `maxCount`: it has all of them.
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
   * Where to look for what matches: a cursor over the trie, and the entries that are not in it, in [next, end) of an array to
   * which others will only be added.
   * @internal
   */
  places(topicFilter: string, options: MatchOptions): Places<T> {
    const cursor = this.#trie.matches(topicFilter, options);
    return { cursor, added: this.#new, next: this.#nextNew, end: this.#new.length };
  }

  /** Who sets and deletes names for ever, while nobody asks with wildcards, leaves nothing behind. */
  #countDeleted(): void {
    this.#deletedNew++;
    if (this.#deletedNew < MIN_DELETED) return;
    if (this.#deletedNew * 2 < this.#new.length - this.#nextNew) return;
    this.#new = this.#new.slice(this.#nextNew).filter((entry) => entry.value !== undefined);
    this.#nextNew = this.#deletedNew = 0;
  }
}
