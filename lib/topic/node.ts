import { levelEnd, SLASH } from "./levels.ts";

/** V8 may keep a substring of this length or more as a view of the whole string. */
const MIN_VIEW_LENGTH = 13;

/**
 * A node of a trie. Its label has one or more levels, up to the next branch or value. Most nodes have at most one child, and an empty Map
 * takes more memory than a node: so an only child is held directly, and a Map is made for the second one.
 *
 * The label never changes. When a node is split or merged, new nodes replace the old ones. The old ones stay as they were, for walks that
 * paused in them.
 */
export abstract class TrieNode<Self extends TrieNode<Self>> {
  /** The levels from the parent's (exclusive) to this node's, joined with `/`. */
  readonly label: string;
  #children: Self | Map<string, Self> | undefined = undefined;

  constructor(label: string) {
    this.label = owned(label);
  }

  /** Whether the topic that ends here has a value; if so the node stays even without children. */
  abstract get isHolding(): boolean;

  get childCount(): number {
    const children = this.#children;
    if (children === undefined) return 0;
    return children instanceof Map ? children.size : 1;
  }

  /** The only child; `undefined` if there are none or several. */
  get onlyChild(): Self | undefined {
    const children = this.#children;
    if (!(children instanceof Map)) return children;
    return children.size === 1 ? children.values().next().value : undefined;
  }

  /** The child whose label begins with this level. */
  child(level: string): Self | undefined {
    const children = this.#children;
    if (children === undefined) return undefined;
    if (children instanceof Map) return children.get(level);
    return beginsWithLevel(children.label, level) ? children : undefined;
  }

  /**
   * The only child if there is just one, else the one whose label begins with the level of `topic` at `at`. The caller compares the whole
   * label anyway, so an only child needs no look-up.
   */
  candidate(topic: string, at: number): Self | undefined {
    const children = this.#children;
    if (!(children instanceof Map)) return children;
    return children.get(topic.slice(at, levelEnd(topic, at)));
  }

  /** Adds a child whose first level no other child has. */
  attach(child: Self): void {
    const children = this.#children;
    if (children === undefined) this.#children = child;
    else if (children instanceof Map) children.set(firstLevel(child.label), child);
    else {
      this.#children = new Map([[firstLevel(children.label), children], [
        firstLevel(child.label),
        child,
      ]]);
    }
  }

  /** Replaces the child with the same first level. */
  replace(child: Self): void {
    const children = this.#children;
    if (children instanceof Map) children.set(firstLevel(child.label), child);
    else this.#children = child;
  }

  /** Removes a child. */
  detach(child: Self): void {
    const children = this.#children;
    if (children instanceof Map) {
      children.delete(firstLevel(child.label));
      if (children.size > 0) return;
    }
    this.#children = undefined;
  }

  /** Takes over the values and children of another node; the objects themselves, including a Map of children. */
  adopt(other: Self): void {
    this.#children = other.#children;
  }
}

/** The first level of a label; the label itself if it has only one. */
function firstLevel(label: string): string {
  const end = levelEnd(label, 0);
  return end === label.length ? label : owned(label.slice(0, end));
}

function beginsWithLevel(label: string, level: string): boolean {
  return label.startsWith(level) &&
    (label.length === level.length || label.charCodeAt(level.length) === SLASH);
}

/** Copies `label` if it may be a view: a node must not keep the whole string of a topic that was deleted long ago. */
function owned(label: string): string {
  if (label.length < MIN_VIEW_LENGTH) return label;
  // Of all ways to build a string, V8 copies the characters at once only in this one.
  return [label.slice(0, MIN_VIEW_LENGTH - 1), label.slice(MIN_VIEW_LENGTH - 1)].join("");
}
