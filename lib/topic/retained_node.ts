import { TrieNode } from "./node.ts";

/** A node in the trie of retained messages. */
export class RetainedNode<T> extends TrieNode<RetainedNode<T>> {
  /** The value of the name that ends here. */
  value: T | undefined = undefined;

  override get isHolding(): boolean {
    return this.value !== undefined;
  }

  override adopt(other: RetainedNode<T>): void {
    super.adopt(other);
    this.value = other.value;
  }
}
