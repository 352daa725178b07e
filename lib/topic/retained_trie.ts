import { splitLevels } from "./levels.ts";
import { type MatchOptions, RetainedCursor } from "./retained_cursor.ts";
import { RetainedNode } from "./retained_node.ts";

/**
 * From Topic Names to values, level by level: what {@link RetainedTopics} has for filters with wildcards.
 */
export class RetainedTrie<T extends NonNullable<unknown>> {
  readonly #root = new RetainedNode<T>("");
  #nodeCount = 0;

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
    return before;
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
}
