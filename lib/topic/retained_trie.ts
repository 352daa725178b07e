import { Branches } from "./branches.ts";
import { type MatchOptions, RetainedCursor } from "./retained_cursor.ts";
import { RetainedNode } from "./retained_node.ts";

/**
 * From Topic Names to values, branch by branch: what {@link RetainedTopics} has for filters with wildcards.
 */
export class RetainedTrie<T extends NonNullable<unknown>> {
  readonly #branches = new Branches<RetainedNode<T>>((label) => new RetainedNode(label));

  /** Nodes of the trie: what takes memory. */
  get nodeCount(): number {
    return this.#branches.nodeCount;
  }

  /** Puts a value under a name; returns the one before. */
  set(topicName: string, value: T): T | undefined {
    const node = this.#branches.make(topicName, topicName.length);
    const before = node.value;
    node.value = value;
    return before;
  }

  /** Takes the value away from under a name; returns it. */
  delete(topicName: string): T | undefined {
    const place = this.#branches.find(topicName, topicName.length);
    const before = place?.node.value;
    if (place === undefined || before === undefined) return undefined;
    place.node.value = undefined;
    this.#branches.prune(place);
    return before;
  }

  /** A walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedCursor<T> {
    return new RetainedCursor(this.#branches.root, topicFilter, options);
  }
}
