import { levelEnd, SLASH } from "./levels.ts";

/** The shortest substring that V8 may keep as a view of the string it was cut from. */
const MIN_VIEW_LENGTH = 13;

/**
 * A branch of a trie: one level or several, up to where branches part or something is held. Most nodes have one child or none, and an
 * empty Map takes more memory than a node: so an only child is held directly, and a Map is made for the second one. The Map then
 * stays until it is empty: it never moves while somebody walks over it.
 *
 * The label never changes. Where branches part anew, or grow together, new nodes take the place of the old ones, which stay as they
 * were, for walks that rest in them.
 */
export abstract class TrieNode<Self extends TrieNode<Self>> {
  /** The levels below the parent's, up to this node's, with `/` between them. */
  readonly label: string;
  #children: Self | Map<string, Self> | undefined = undefined;

  constructor(label: string) {
    this.label = owned(label);
  }

  /** Whether something is held under the topic that ends here: the node then stays, whatever its children are. */
  abstract get isHolding(): boolean;

  get childCount(): number {
    const children = this.#children;
    if (children === undefined) return 0;
    return children instanceof Map ? children.size : 1;
  }

  /** The only child; `undefined` where there is none, or more than one. */
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
   * The only child where there is one, else the one whose label begins with the level of `topic` that begins at `at`. For those who
   * compare the whole label anyway: an only child costs no look-up.
   */
  candidate(topic: string, at: number): Self | undefined {
    const children = this.#children;
    if (!(children instanceof Map)) return children;
    return children.get(topic.slice(at, levelEnd(topic, at)));
  }

  /** All children; a Map's iterator is live: it goes on over children that come and go meanwhile. */
  children(): Iterator<Self> {
    const children = this.#children;
    if (children instanceof Map) return children.values();
    return (children === undefined ? [] : [children]).values();
  }

  /** Puts in a child whose first level is new here. */
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

  /** Puts a child in the place of the one with the same first level: a walk over the children meets one of them. */
  replace(child: Self): void {
    const children = this.#children;
    if (children instanceof Map) children.set(firstLevel(child.label), child);
    else this.#children = child;
  }

  /** Takes out a child that is here. */
  detach(child: Self): void {
    const children = this.#children;
    if (children instanceof Map) {
      children.delete(firstLevel(child.label));
      if (children.size > 0) return;
    }
    this.#children = undefined;
  }

  /** Takes over the values and children of another node: the same objects, a Map of children too. */
  adopt(other: Self): void {
    this.#children = other.#children;
  }
}

/** The first level of a label; the label itself where it has but one. */
function firstLevel(label: string): string {
  const end = levelEnd(label, 0);
  return end === label.length ? label : owned(label.slice(0, end));
}

function beginsWithLevel(label: string, level: string): boolean {
  return label.startsWith(level) &&
    (label.length === level.length || label.charCodeAt(level.length) === SLASH);
}

/** A copy where `label` may be a view: a node must not keep a whole topic alive that was deleted long ago. */
function owned(label: string): string {
  if (label.length < MIN_VIEW_LENGTH) return label;
  // Of all ways to put a string together, this one makes a new string at once.
  return [label.slice(0, MIN_VIEW_LENGTH - 1), label.slice(MIN_VIEW_LENGTH - 1)].join("");
}
