import { TrieNode } from "./node.ts";

/** One level in the trie of retained messages. */
export class RetainedNode<T> extends TrieNode<RetainedNode<T>> {
  /** What is retained under the name that ends with this level. */
  value: T | undefined = undefined;

  /** How many things need this node: nothing can be cut where there is more than one. */
  get load(): number {
    return this.childCount + (this.value === undefined ? 0 : 1);
  }
}
