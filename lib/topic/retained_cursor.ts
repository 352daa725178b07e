import { splitLevels } from "./levels.ts";
import type { RetainedNode } from "./retained_node.ts";

/** How a filter is held against the retained messages. */
export interface MatchOptions {
  /** Whether `a/#` also matches `a`, as the standard has it; `true` unless told. */
  readonly hashMatchesParent?: boolean;
}

/** In place of an index into the filter's levels: all that is further down matches. */
const EVERYTHING = -1;

/** Nodes still to be entered, and the level of the filter that then holds for their children. */
interface Frame<T> {
  readonly nodes: Iterator<RetainedNode<T>>;
  readonly depth: number;
}

/**
 * A walk over the values that match one filter, which can rest at any place, in no certain order: so a large match is
 * delivered in slices while the trie goes on changing.
 *
 * A name that has a value all the while is given once, with the value of that moment. One that is set or deleted meanwhile
 * may be given or not; one that is deleted and set again may be given twice, with the old value and the new. This holds
 * because nodes on the way to a value stay where they are: only empty branches are cut off. A cursor that rests in such a
 * branch finds nothing more in it, and names that come back get new nodes. A Map of children is iterated live, and stays
 * its node's Map until it is empty.
 */
export class RetainedCursor<T extends NonNullable<unknown>> {
  readonly #levels: readonly string[];
  readonly #hashMatchesParent: boolean;
  readonly #startsWild: boolean;
  /** One frame for every level on the way to where the walk is; the first one has the names' first levels. */
  readonly #stack: Frame<T>[] = [];

  /** For the trie's own use. */
  constructor(root: RetainedNode<T>, topicFilter: string, options: MatchOptions) {
    this.#levels = splitLevels(topicFilter);
    this.#hashMatchesParent = options.hashMatchesParent ?? true;
    this.#startsWild = topicFilter.startsWith("+") || topicFilter.startsWith("#");
    this.#enter(root, 0);
  }

  /** Whether the walk is over. */
  get isDone(): boolean {
    return this.#stack.length === 0;
  }

  /**
   * The next value; `undefined` when the walk is over, or after `maxSteps` nodes without a value: a filter such as `+/+/x`
   * may pass by a million names and match none. {@link isDone} tells which.
   */
  next(maxSteps = Infinity): T | undefined {
    for (let steps = 0; steps < maxSteps; steps++) {
      const frame = this.#stack.at(-1);
      if (frame === undefined) return undefined;
      const { value: node } = frame.nodes.next();
      if (node === undefined) {
        this.#stack.pop();
        continue;
      }
      // A wildcard in first place does not reach names that begin with "$". [MQTT-4.7.2-1]
      if (this.#startsWild && this.#stack.length === 1 && node.level.startsWith("$")) continue;
      const value = this.#enter(node, frame.depth);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Puts those children of a node on the stack that match so far; returns the node's value where it matches. */
  #enter(node: RetainedNode<T>, depth: number): T | undefined {
    if (depth === EVERYTHING) {
      this.#push(node.children(), EVERYTHING);
      return node.value;
    }
    const level = this.#levels[depth];
    if (level === undefined) return node.value;
    if (level === "#") {
      this.#push(node.children(), EVERYTHING);
      return this.#hashMatchesParent ? node.value : undefined;
    }
    if (level === "+") {
      this.#push(node.children(), depth + 1);
      return undefined;
    }
    const child = node.child(level);
    if (child !== undefined) this.#push([child].values(), depth + 1);
    return undefined;
  }

  #push(nodes: Iterator<RetainedNode<T>>, depth: number): void {
    this.#stack.push({ nodes, depth });
  }
}
