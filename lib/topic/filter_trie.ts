import { Branches } from "./branches.ts";
import { FilterNode } from "./filter_node.ts";
import { FilterWalk } from "./filter_walk.ts";
import { hasWildcard } from "./levels.ts";
import { hasValue, type Values, visitValues, withoutValue, withValue } from "./values.ts";

/** Settings of a {@link FilterTrie}. */
export interface FilterTrieOptions {
  /** Whether `a/#` also matches `a`, as the standard has it; `true` unless told. */
  readonly hashMatchesParent?: boolean;
}

/**
 * Finds the values under all Topic Filters that match a Topic Name. Filters must be valid, and without
 * `$share/{ShareName}/`.
 *
 * Most filters have no wildcard: these stand in one Map, and only the others in a trie of levels. So a match is one
 * look-up, and a walk over the nodes that the levels of the name lead to: the literal ones and those of `+`.
 */
export class FilterTrie<T extends NonNullable<unknown>> {
  readonly #hashMatchesParent: boolean;
  readonly #exact = new Map<string, Values<T>>();
  readonly #branches = new Branches<FilterNode<T>>((label) => new FilterNode(label));
  #size = 0;
  #version = 0;

  /** An empty trie. */
  constructor(options: FilterTrieOptions = {}) {
    this.#hashMatchesParent = options.hashMatchesParent ?? true;
  }

  /** Entries: pairs of a filter and a value. */
  get size(): number {
    return this.#size;
  }

  /** A number that changes with every change of the trie, so that callers can cache matches. */
  get version(): number {
    return this.#version;
  }

  /** The number of objects that take memory: different filters without a wildcard, and nodes of the trie. */
  get nodeCount(): number {
    return this.#exact.size + this.#branches.nodeCount;
  }

  /** Puts `value` under a filter, where it may have others beside it; once more in the same place changes nothing. */
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

  /** Takes `value` away from under a filter; whether it was there. */
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
   * Calls `visit` with the value of every entry whose filter matches: a value that stands under several of them, as often.
   * In no certain order; if `visit` adds or deletes, it may or may not see that. Returns the steps that it took: nodes that were
   * looked at, and entries that were found.
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

/** The end of the levels that lead to a filter's node (-1 where there are none), and the slot of the node that holds its values. */
function parse(topicFilter: string): { end: number; slot: "here" | "below" } {
  if (!topicFilter.endsWith("#")) return { end: topicFilter.length, slot: "here" };
  return { end: topicFilter.length - 2, slot: "below" };
}
