import { splitLevels } from "./levels.ts";
import { type MatchOptions, RetainedCursor } from "./retained_cursor.ts";
import { RetainedNode } from "./retained_node.ts";

/**
 * From Topic Names to values, to be found by Topic Filter: the retained messages. Names and filters are taken as valid,
 * filters without `$share/{ShareName}/`.
 */
export class RetainedTrie<T extends NonNullable<unknown>> {
  readonly #root = new RetainedNode<T>("");
  #size = 0;
  #nodeCount = 0;

  /** Topic Names that have a value. */
  get size(): number {
    return this.#size;
  }

  /** Nodes of the trie: what takes memory. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** Puts a value under a name; returns the one before. */
  set(topicName: string, value: T): T | undefined {
    let node = this.#root;
    for (const level of splitLevels(topicName)) {
      let child = node.child(level);
      if (child === undefined) {
        child = new RetainedNode(level);
        node.attach(child);
        this.#nodeCount++;
      }
      node = child;
    }
    const before = node.value;
    node.value = value;
    if (before === undefined) this.#size++;
    return before;
  }

  /** The value under a name. */
  get(topicName: string): T | undefined {
    let node: RetainedNode<T> | undefined = this.#root;
    for (const level of splitLevels(topicName)) {
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  /** Takes the value away from under a name; returns it. */
  delete(topicName: string): T | undefined {
    const levels = splitLevels(topicName);
    let node = this.#root;
    // Where the branch is cut if the name's node is empty then: below the last node that something else needs.
    let keep = this.#root;
    let keepDepth = 0;
    for (let depth = 0; depth < levels.length; depth++) {
      if (node.load > 1) {
        keep = node;
        keepDepth = depth;
      }
      const child = node.child(levels[depth]!);
      if (child === undefined) return undefined;
      node = child;
    }
    const before = node.value;
    if (before === undefined) return undefined;
    node.value = undefined;
    this.#size--;
    if (node.load === 0) {
      keep.detach(keep.child(levels[keepDepth]!)!);
      this.#nodeCount -= levels.length - keepDepth;
    }
    return before;
  }

  /** A walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedCursor<T> {
    return new RetainedCursor(this.#root, topicFilter, options);
  }

  /**
   * Names and values, for storage and for sweeps. What is set or deleted on the way may or may not be seen; what stays is
   * given once, as with {@link RetainedCursor}.
   */
  *entries(): IterableIterator<[topicName: string, value: T]> {
    const stack = [{ prefix: "", children: this.#root.children() }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value: node } = top.children.next();
      if (node === undefined) {
        stack.pop();
        continue;
      }
      const topicName = top.prefix + node.level;
      // Before it is given: the caller may delete it, and the node's last child with it.
      stack.push({ prefix: topicName + "/", children: node.children() });
      if (node.value !== undefined) yield [topicName, node.value];
    }
  }

  /** The same as {@link entries}. */
  [Symbol.iterator](): IterableIterator<[topicName: string, value: T]> {
    return this.entries();
  }
}
