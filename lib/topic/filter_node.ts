import { levelEnd, SLASH } from "./levels.ts";
import { TrieNode } from "./node.ts";
import type { Values } from "./values.ts";

const PLUS = 0x2b;

/** A node in the trie of Topic Filters. Its label consists of literal levels and `+`. */
export class FilterNode<T> extends TrieNode<FilterNode<T>> {
  /** The child whose label begins with `+`, which is never a level of a Topic Name. */
  plus: FilterNode<T> | undefined = undefined;
  /** Values of the filter that ends here. */
  here: Values<T> = undefined;
  /** Values of the filter that continues with a last `/#`. */
  below: Values<T> = undefined;

  override get isHolding(): boolean {
    return this.here !== undefined || this.below !== undefined;
  }

  override get childCount(): number {
    return super.childCount + (this.plus === undefined ? 0 : 1);
  }

  override get onlyChild(): FilterNode<T> | undefined {
    if (this.plus === undefined) return super.onlyChild;
    return super.childCount === 0 ? this.plus : undefined;
  }

  override child(level: string): FilterNode<T> | undefined {
    return level === "+" ? this.plus : super.child(level);
  }

  override candidate(topic: string, at: number): FilterNode<T> | undefined {
    return topic.charCodeAt(at) === PLUS ? this.plus : super.candidate(topic, at);
  }

  override attach(child: FilterNode<T>): void {
    if (beginsWithPlus(child)) this.plus = child;
    else super.attach(child);
  }

  override replace(child: FilterNode<T>): void {
    if (beginsWithPlus(child)) this.plus = child;
    else super.replace(child);
  }

  override detach(child: FilterNode<T>): void {
    if (beginsWithPlus(child)) this.plus = undefined;
    else super.detach(child);
  }

  override adopt(other: FilterNode<T>): void {
    super.adopt(other);
    this.plus = other.plus;
    this.here = other.here;
    this.below = other.below;
  }

  /**
   * Compares the label with the levels of `name` from `at` on. Returns the start of the next level, which is one beyond the end of the name
   * after its last level; -1 if they do not match.
   */
  pass(name: string, at: number): number {
    const { label } = this;
    for (let i = 0; i <= label.length; at++) {
      if (label.charCodeAt(i) === PLUS) {
        at = levelEnd(name, at);
        i++;
      } else {
        for (; i < label.length; i++, at++) {
          const code = label.charCodeAt(i);
          if (code === SLASH) break;
          if (code !== name.charCodeAt(at)) return -1;
        }
      }
      if (at < name.length ? name.charCodeAt(at) !== SLASH : i < label.length) return -1;
      i++;
    }
    return at;
  }
}

function beginsWithPlus({ label }: { readonly label: string }): boolean {
  return label.charCodeAt(0) === PLUS;
}
