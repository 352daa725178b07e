/** The shortest substring that V8 may keep as a view of the string it was cut from. */
const MIN_VIEW_LENGTH = 13;

/**
 * One level in a trie. Most nodes have one child or none, and an empty Map takes more memory than a node: so an only child
 * is held directly, and a Map is made for the second one. The Map then stays until it is empty: it never moves while
 * somebody walks over it.
 */
export abstract class TrieNode<Self extends TrieNode<Self>> {
  readonly level: string;
  #children: Self | Map<string, Self> | undefined = undefined;

  constructor(level: string) {
    this.level = owned(level);
  }

  get childCount(): number {
    const children = this.#children;
    if (children === undefined) return 0;
    return children instanceof Map ? children.size : 1;
  }

  child(level: string): Self | undefined {
    const children = this.#children;
    if (children === undefined) return undefined;
    if (children instanceof Map) return children.get(level);
    return children.level === level ? children : undefined;
  }

  /** All children; a Map's iterator is live: it goes on over children that come and go meanwhile. */
  children(): Iterator<Self> {
    const children = this.#children;
    if (children instanceof Map) return children.values();
    return (children === undefined ? [] : [children]).values();
  }

  /** Puts in a child whose level is new here. */
  attach(child: Self): void {
    const children = this.#children;
    if (children === undefined) this.#children = child;
    else if (children instanceof Map) children.set(child.level, child);
    else this.#children = new Map([[children.level, children], [child.level, child]]);
  }

  /** Takes out a child that is here. */
  detach(child: Self): void {
    const children = this.#children;
    if (children instanceof Map) {
      children.delete(child.level);
      if (children.size > 0) return;
    }
    this.#children = undefined;
  }
}

/** A copy where `level` may be a view: a node must not keep a whole topic alive that was deleted long ago. */
function owned(level: string): string {
  if (level.length < MIN_VIEW_LENGTH) return level;
  // Of all ways to put a string together, this one makes a new string at once.
  return [level.slice(0, MIN_VIEW_LENGTH - 1), level.slice(MIN_VIEW_LENGTH - 1)].join("");
}
