import { FilterNode } from "./filter_node.ts";
import { commonLength, levelEnd, SLASH } from "./levels.ts";

/** A node with its parent and grandparent, which change when the node is removed or merged with its child. */
export interface Place<T> {
  readonly node: FilterNode<T>;
  /** The root is its own parent. */
  readonly parent: FilterNode<T>;
  readonly grandparent: FilterNode<T>;
}

/**
 * Creates and prunes the nodes of a trie. Successive levels without a branch or a value between them form one node, so there are at most
 * twice as many nodes as topics, however many levels these have.
 *
 * Callers give a topic as a string and the `end` of its levels in it; an `end` of -1 means no level at all, the root.
 */
export class Branches<T> {
  readonly root: FilterNode<T> = new FilterNode<T>("");
  #nodeCount = 0;

  /** The number of nodes, the root not included. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** Returns the topic's node, and creates it if there is none. The caller then has to put a value into it. */
  make(topic: string, end: number): FilterNode<T> {
    let node = this.root;
    for (let at = 0; at <= end;) {
      const child = node.child(topic.slice(at, levelEnd(topic, at)));
      if (child === undefined) {
        const added = new FilterNode<T>(topic.slice(at, end));
        node.attach(added);
        this.#nodeCount++;
        return added;
      }
      const common = commonLength(child.label, topic, at, end);
      node = common === child.label.length ? child : this.#split(node, child, common);
      at += common + 1;
    }
    return node;
  }

  /** The topic's node with its parents; `undefined` where there is none. */
  find(topic: string, end: number): Place<T> | undefined {
    let node = this.root;
    let parent = node;
    let grandparent = node;
    for (let at = 0; at <= end;) {
      const child = node.candidate(topic, at);
      if (child === undefined) return undefined;
      const { length } = child.label;
      if (at + length > end || !topic.startsWith(child.label, at)) return undefined;
      grandparent = parent;
      parent = node;
      node = child;
      at += length + 1;
      // The level has to end where the label does.
      if (at <= end && topic.charCodeAt(at - 1) !== SLASH) return undefined;
    }
    return { node, parent, grandparent };
  }

  /** Called after a node was emptied: removes nodes that are no longer needed, and merges nodes with no branch between them. */
  prune({ node, parent, grandparent }: Place<T>): void {
    if (node === this.root || node.isHolding || node.childCount > 1) return;
    if (node.onlyChild !== undefined) return this.#join(parent, node, node.onlyChild);
    parent.detach(node);
    this.#nodeCount--;
    if (parent === this.root || parent.isHolding || parent.onlyChild === undefined) return;
    this.#join(grandparent, parent, parent.onlyChild);
  }

  /** Splits a child's branch after `length` characters of its label; returns the upper part. */
  #split(parent: FilterNode<T>, child: FilterNode<T>, length: number): FilterNode<T> {
    const upper = new FilterNode<T>(child.label.slice(0, length));
    const lower = new FilterNode<T>(child.label.slice(length + 1));
    lower.adopt(child);
    upper.attach(lower);
    parent.replace(upper);
    this.#nodeCount++;
    return upper;
  }

  #join(parent: FilterNode<T>, node: FilterNode<T>, onlyChild: FilterNode<T>): void {
    const joined = new FilterNode<T>(`${node.label}/${onlyChild.label}`);
    joined.adopt(onlyChild);
    parent.replace(joined);
    this.#nodeCount--;
  }
}
