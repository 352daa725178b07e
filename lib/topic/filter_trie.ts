import { Branches } from "./branches.ts";
import { FilterWalk } from "./filter_walk.ts";
import { hasWildcard } from "./levels.ts";
import { hasValue, type Values, visitValues, withoutValue, withValue } from "./values.ts";

/** Settings of a {@link FilterTrie}. */
export interface FilterTrieOptions {
  /** Whether `a/#` also matches `a`, as the standard requires. Default: true. */
  readonly hashMatchesParent?: boolean;
}

/**
 * Finds the values of all Topic Filters that match a Topic Name. Filters must be valid, and without `$share/{ShareName}/`.
 *
 * Most filters have no wildcard. These are in a Map, and only the others in a trie of levels. So a match is one look-up and a walk over the
 * nodes that the name's levels lead to, literal ones and those of `+`.
 */
export class FilterTrie<T extends NonNullable<unknown>> {
  readonly #hashMatchesParent: boolean;
  readonly #exact = new Map<string, Values<T>>();
  readonly #branches = new Branches<T>();
  #size = 0;
  #version = 0;

  /** An empty trie. */
  constructor(options: FilterTrieOptions = {}) {
    this.#hashMatchesParent = options.hashMatchesParent ?? true;
  }

  /** The number of entries, which are pairs of a filter and a value. */
  get size(): number {
    return this.#size;
  }

  /** A number that changes with every change of the trie, so that callers can cache matches. */
  get version(): number {
    return this.#version;
  }

  /** The number of objects that take memory: distinct filters without a wildcard, and nodes of the trie. */
  get nodeCount(): number {
    return this.#exact.size + this.#branches.nodeCount;
  }

  /** Adds a value to a filter, which may have others. Adding the same entry again changes nothing. */
  add(topicFilter: string, value: T): void {
    if (hasWildcard(topicFilter)) {
      const { end, slot } = parse(topicFilter);
      const node = this.#branches.make(topicFilter, end);
      if (hasValue(node[slot], value)) return;
      node[slot] = withValue(node[slot], value);
    } else {
      const values = this.#exact.get(topicFilter);
      if (hasValue(values, value)) return;
      this.#exact.set(topicFilter, withValue(values, value));
    }
    this.#size++;
    this.#version++;
  }

  /** Removes a value from a filter; returns whether it was there. */
  delete(topicFilter: string, value: T): boolean {
    const isDeleted = hasWildcard(topicFilter)
      ? this.#deleteFromTrie(topicFilter, value)
      : this.#deleteExact(topicFilter, value);
    if (!isDeleted) return false;
    this.#size--;
    this.#version++;
    return true;
  }

  /**
   * Calls `visit` with the value of every matching entry, in no particular order; a value with several matching filters is visited once for
   * each. If `visit` adds or deletes entries, the walk may see that or not. Returns the steps taken: nodes looked at, and entries found.
   */
  match(topicName: string, visit: (value: T) => void): number {
    const steps = 1 + visitValues(this.#exact.get(topicName), visit);
    const { root, nodeCount } = this.#branches;
    if (nodeCount === 0 && root.below === undefined) return steps;
    const walk = new FilterWalk(root, topicName, this.#hashMatchesParent, visit);
    walk.advance(Infinity);
    return steps + walk.steps;
  }

  /** The same in parts: nothing but the filter that is the name itself has been visited when this returns. */
  walk(topicName: string, visit: (value: T) => void): FilterWalk<T> {
    const { root } = this.#branches;
    const walk = new FilterWalk(root, topicName, this.#hashMatchesParent, visit);
    walk.steps = 1 + visitValues(this.#exact.get(topicName), visit);
    return walk;
  }

  #deleteFromTrie(topicFilter: string, value: T): boolean {
    const { end, slot } = parse(topicFilter);
    const place = this.#branches.find(topicFilter, end);
    if (place === undefined || !hasValue(place.node[slot], value)) return false;
    place.node[slot] = withoutValue(place.node[slot], value);
    this.#branches.prune(place);
    return true;
  }

  #deleteExact(topicFilter: string, value: T): boolean {
    const values = this.#exact.get(topicFilter);
    if (!hasValue(values, value)) return false;
    const left = withoutValue(values, value);
    if (left === undefined) this.#exact.delete(topicFilter);
    else this.#exact.set(topicFilter, left);
    return true;
  }
}

/** Finds the end of the levels that lead to a filter's node (-1 if there are none), and the slot of that node which holds the values. */
function parse(topicFilter: string): { end: number; slot: "here" | "below" } {
  if (!topicFilter.endsWith("#")) return { end: topicFilter.length, slot: "here" };
  return { end: topicFilter.length - 2, slot: "below" };
}
