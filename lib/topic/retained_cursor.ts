import { levelEnd, SLASH, splitLevels } from "./levels.ts";
import type { RetainedNode } from "./retained_node.ts";

/** How a filter is compared with the retained topics. */
export interface MatchOptions {
  /** Whether `a/#` also matches `a`, as the standard requires. Default: true. */
  readonly hashMatchesParent?: boolean;
}

/** Used instead of an index into the filter's levels: everything below matches. */
const EVERYTHING = -1;
/** Used instead of an index into the filter's levels: nothing below matches. */
const NOTHING = -2;

/** Nodes still to visit, and the index of the filter's level for the first level of their labels. */
interface Frame<T> {
  readonly nodes: Iterator<RetainedNode<T>>;
  readonly depth: number;
}

/**
 * A walk over the values that match one filter, in no particular order. It can pause anywhere, so that many matches are delivered in slices
 * while the trie changes.
 *
 * A name that has a value during the whole walk is returned once. One that is set or deleted meanwhile may be returned or not; one that is
 * deleted and set again may be returned twice, with the old value and the new.
 *
 * This holds because a node's label never changes. When the trie splits or merges a node, the new one replaces the old one in the parent's
 * Map, so the cursor meets only one of them. The old node keeps its children, so a cursor that paused in it still finds everything that was
 * there and has not been deleted. A Map of children is iterated live, and stays with its node until it is empty. An old node may also show
 * a value that has been deleted since: the caller has to recognize that.
 */
export class RetainedCursor<T extends NonNullable<unknown>> {
  readonly #levels: readonly string[];
  readonly #hashMatchesParent: boolean;
  readonly #startsWild: boolean;
  /** One frame for every node on the path to the present place; the first one has the first levels of the names. */
  readonly #stack: Frame<T>[] = [];
  #steps = 0;

  /** Only the trie creates cursors. */
  constructor(root: RetainedNode<T>, topicFilter: string, options: MatchOptions) {
    this.#levels = splitLevels(topicFilter);
    this.#hashMatchesParent = options.hashMatchesParent ?? true;
    this.#startsWild = topicFilter.startsWith("+") || topicFilter.startsWith("#");
    this.#descend(root, 0);
  }

  /** Whether the walk is over. */
  get isDone(): boolean {
    return this.#stack.length === 0;
  }

  /** The number of nodes visited so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` nodes without a value: a filter such as `+/+/x` may visit a
   * million names and match none. {@link isDone} tells which.
   */
  next(maxSteps = Infinity): T | undefined {
    for (const end = this.#steps + maxSteps; this.#steps < end;) {
      const frame = this.#stack.at(-1);
      if (frame === undefined) return undefined;
      this.#steps++;
      const { value: node } = frame.nodes.next();
      if (node === undefined) {
        this.#stack.pop();
        continue;
      }
      // A wildcard in first place does not reach names that begin with "$". [MQTT-4.7.2-1]
      if (this.#startsWild && this.#stack.length === 1 && node.label.startsWith("$")) continue;
      const value = this.#enter(node, frame.depth);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Compares a node's label with the filter from level `depth` on; returns the node's value if the filter matches it. */
  #enter(node: RetainedNode<T>, depth: number): T | undefined {
    const reached = depth === EVERYTHING ? EVERYTHING : this.#pass(node.label, depth);
    return reached === NOTHING ? undefined : this.#descend(node, reached);
  }

  /** Pushes the children that may match onto the stack; returns the node's value if the filter matches it. */
  #descend(node: RetainedNode<T>, depth: number): T | undefined {
    if (depth === EVERYTHING) {
      this.#pushChildren(node, EVERYTHING);
      return node.value;
    }
    const level = this.#levels[depth];
    if (level === undefined) return node.value;
    if (level === "#") {
      this.#pushChildren(node, EVERYTHING);
      return this.#hashMatchesParent ? node.value : undefined;
    }
    if (level === "+") {
      this.#pushChildren(node, depth);
      return undefined;
    }
    const child = node.child(level);
    if (child !== undefined) this.#stack.push({ nodes: [child].values(), depth });
    return undefined;
  }

  /** Returns the index of the filter's level that comes after the label, EVERYTHING if all that follows matches, or NOTHING. */
  #pass(label: string, depth: number): number {
    for (let at = 0; at <= label.length; depth++) {
      const level = this.#levels[depth];
      if (level === undefined) return NOTHING;
      if (level === "#") return EVERYTHING;
      let end = at + level.length;
      if (level === "+") end = levelEnd(label, at);
      else if (!label.startsWith(level, at)) return NOTHING;
      if (end < label.length && label.charCodeAt(end) !== SLASH) return NOTHING;
      at = end + 1;
    }
    return depth;
  }

  #pushChildren(node: RetainedNode<T>, depth: number): void {
    if (node.childCount > 0) this.#stack.push({ nodes: node.children(), depth });
  }
}
