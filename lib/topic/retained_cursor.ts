import { levelEnd, SLASH, splitLevels } from "./levels.ts";
import type { RetainedNode } from "./retained_node.ts";

/** How a filter is held against the retained messages. */
export interface MatchOptions {
  /** Whether `a/#` also matches `a`, as the standard has it; `true` unless told. */
  readonly hashMatchesParent?: boolean;
}

/** In place of an index into the filter's levels: all that is further down matches. */
const EVERYTHING = -1;
/** In place of an index into the filter's levels: nothing matches. */
const NOTHING = -2;

/** Nodes still to be entered, and the level of the filter that holds for the first level of their labels. */
interface Frame<T> {
  readonly nodes: Iterator<RetainedNode<T>>;
  readonly depth: number;
}

/**
 * A walk over the values that match one filter, which can rest at any place, in no certain order: so a large match is
 * delivered in slices while the trie goes on changing.
 *
 * A name that has a value all the while is given once. One that is set or deleted meanwhile may be given or not; one that is deleted
 * and set again may be given twice, with the old value and the new.
 *
 * This holds because a node's label never changes. Where the trie replaces a node (its branch parts, or grows together), the new one
 * takes the old one's place in the parent's Map, so that the cursor meets one of them, once; and the old one keeps its children, so
 * that a cursor in it finds what was there and has stayed. A Map of children is iterated live, and stays its node's Map until it is
 * empty. An old node may also show a value that was deleted since: whoever walks has to know such a value by itself.
 */
export class RetainedCursor<T extends NonNullable<unknown>> {
  readonly #levels: readonly string[];
  readonly #hashMatchesParent: boolean;
  readonly #startsWild: boolean;
  /** One frame for every node on the way to where the walk is; the first one has the names' first levels. */
  readonly #stack: Frame<T>[] = [];
  #steps = 0;

  /** For the trie's own use. */
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

  /** Steps taken since the walk began: nodes that were looked at. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` nodes without a value: a filter such as `+/+/x`
   * may pass by a million names and match none. {@link isDone} tells which.
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

  /** Holds a node's label against the filter from level `depth` on; returns the node's value where the filter matches it. */
  #enter(node: RetainedNode<T>, depth: number): T | undefined {
    const reached = depth === EVERYTHING ? EVERYTHING : this.#pass(node.label, depth);
    return reached === NOTHING ? undefined : this.#descend(node, reached);
  }

  /** Puts those children of a node on the stack that may match; returns the node's value where it matches. */
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

  /** The level of the filter that holds for what follows the label, EVERYTHING where all that follows matches, or NOTHING. */
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
