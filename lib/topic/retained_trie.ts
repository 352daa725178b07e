import { Branches } from "./branches.ts";
import { type MatchOptions, RetainedCursor } from "./retained_cursor.ts";
import { RetainedNode } from "./retained_node.ts";

/** Maps Topic Names to values in a trie; {@link RetainedTopics} uses it for filters with wildcards. */
export class RetainedTrie<T extends NonNullable<unknown>> {
  readonly #branches = new Branches<RetainedNode<T>>((label) => new RetainedNode(label));

  /** The number of nodes, which take the memory. */
  get nodeCount(): number {
    return this.#branches.nodeCount;
  }

  /** Sets the value of a name; returns the previous one. */
  set(topicName: string, value: T): T | undefined {
    const node = this.#branches.make(topicName, topicName.length);
    const before = node.value;
    node.value = value;
    return before;
  }

  /** Deletes the value of a name; returns it. */
  delete(topicName: string): T | undefined {
    const place = this.#branches.find(topicName, topicName.length);
    const before = place?.node.value;
    if (place === undefined || before === undefined) return undefined;
    place.node.value = undefined;
    this.#branches.prune(place);
    return before;
  }

  /** Begins a walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedCursor<T> {
    return new RetainedCursor(this.#branches.root, topicFilter, options);
  }
}
