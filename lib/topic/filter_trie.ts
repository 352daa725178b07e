import { hasWildcard, levelEnd, splitLevels } from "./levels.ts";
import { TrieNode } from "./node.ts";
import { hasValue, type Values, visitValues, withoutValue, withValue } from "./values.ts";

/** Settings of a {@link FilterTrie}. */
export interface FilterTrieOptions {
  /** Whether `a/#` also matches `a`, as the standard has it; `true` unless told. */
  readonly hashMatchesParent?: boolean;
}

/**
 * From a Topic Name to the values under all Topic Filters that match it. Filters are taken as valid, and without
 * `$share/{ShareName}/`.
 *
 * Most filters have no wildcard: these stand in one Map, and only the others in a trie of levels. So a match is one
 * look-up, and a walk over the nodes that the levels of the name lead to: the literal ones and those of `+`.
 */
export class FilterTrie<T extends NonNullable<unknown>> {
  readonly #hashMatchesParent: boolean;
  readonly #exact = new Map<string, Values<T>>();
  readonly #root = new FilterNode<T>("");
  #nodeCount = 0;
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

  /** Another number after every change: for those who remember what matched. */
  get version(): number {
    return this.#version;
  }

  /** What takes memory: different filters without a wildcard, and nodes of the trie. */
  get nodeCount(): number {
    return this.#exact.size + this.#nodeCount;
  }

  /** Puts `value` under a filter, where it may have others beside it; once more in the same place changes nothing. */
  add(topicFilter: string, value: T): void {
    if (hasWildcard(topicFilter)) {
      const { levels, slot } = parse(topicFilter);
      const node = this.#makeNode(levels);
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
   * In no certain order; if `visit` adds or deletes, it may or may not see that.
   */
  match(topicName: string, visit: (value: T) => void): void {
    visitValues(this.#exact.get(topicName), visit);
    if (this.#nodeCount > 0 || this.#root.below !== undefined) this.#matchTrie(topicName, visit);
  }

  /** Level by level of the name, from the nodes that the levels so far lead to, on to those of the next. */
  #matchTrie(topicName: string, visit: (value: T) => void): void {
    const isSystem = topicName.startsWith("$");
    const reached = [this.#root];
    let next = 0;
    for (let at = 0; at <= topicName.length && next < reached.length;) {
      const end = levelEnd(topicName, at);
      const level = topicName.slice(at, end);
      for (const stop = reached.length; next < stop; next++) {
        const node = reached[next]!;
        // A wildcard in first place does not reach names that begin with "$". [MQTT-4.7.2-1]
        if (!isSystem || at > 0) {
          visitValues(node.below, visit);
          if (node.plus !== undefined) reached.push(node.plus);
        }
        const child = node.child(level);
        if (child !== undefined) reached.push(child);
      }
      at = end + 1;
    }
    for (; next < reached.length; next++) {
      visitValues(reached[next]!.here, visit);
      if (this.#hashMatchesParent) visitValues(reached[next]!.below, visit);
    }
  }

  #makeNode(levels: readonly string[]): FilterNode<T> {
    let node = this.#root;
    for (const level of levels) {
      let child = node.next(level);
      if (child === undefined) {
        child = new FilterNode(level);
        node.attach(child);
        this.#nodeCount++;
      }
      node = child;
    }
    return node;
  }

  #deleteFromTrie(topicFilter: string, value: T): boolean {
    const { levels, slot } = parse(topicFilter);
    let node = this.#root;
    // Where the branch is cut if the filter's node is empty then: below the last node that something else needs.
    let keep = this.#root;
    let keepDepth = 0;
    for (let depth = 0; depth < levels.length; depth++) {
      if (node.load > 1) {
        keep = node;
        keepDepth = depth;
      }
      const child = node.next(levels[depth]!);
      if (child === undefined) return false;
      node = child;
    }
    if (!hasValue(node[slot], value)) return false;
    node[slot] = withoutValue(node[slot], value);
    if (node.load === 0 && node !== this.#root) {
      keep.detach(keep.next(levels[keepDepth]!)!);
      this.#nodeCount -= levels.length - keepDepth;
    }
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

class FilterNode<T> extends TrieNode<FilterNode<T>> {
  /** The child for `+`, which no name has for a level. */
  plus: FilterNode<T> | undefined = undefined;
  /** Values of the filter that ends with this level. */
  here: Values<T> = undefined;
  /** Values of the filter that ends with `/#` after this level. */
  below: Values<T> = undefined;

  /** How many things need this node: nothing can be cut where there is more than one. */
  get load(): number {
    return this.childCount + (this.plus === undefined ? 0 : 1) +
      (this.here === undefined ? 0 : 1) + (this.below === undefined ? 0 : 1);
  }

  next(level: string): FilterNode<T> | undefined {
    return level === "+" ? this.plus : this.child(level);
  }

  override attach(child: FilterNode<T>): void {
    if (child.level === "+") this.plus = child;
    else super.attach(child);
  }

  override detach(child: FilterNode<T>): void {
    if (child.level === "+") this.plus = undefined;
    else super.detach(child);
  }
}

/** The levels that lead to a filter's node, and where in it the values are. */
function parse(topicFilter: string): { levels: string[]; slot: "here" | "below" } {
  const levels = splitLevels(topicFilter);
  if (levels.at(-1) !== "#") return { levels, slot: "here" };
  levels.pop();
  return { levels, slot: "below" };
}
