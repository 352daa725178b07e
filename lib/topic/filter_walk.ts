import type { FilterNode } from "./filter_node.ts";
import { visitValues } from "./values.ts";

/**
 * Visits the values of all filters in a trie that match a Topic Name. It may rest on its way while the trie changes: it then finds every
 * entry that was there when it began and still is; of entries that came or went meanwhile it may find any.
 */
export class FilterWalk<T extends NonNullable<unknown>> {
  /** What it has cost so far: nodes that were looked at, and entries that were found. */
  steps = 0;
  readonly #topicName: string;
  readonly #hashMatchesParent: boolean;
  readonly #visit: (value: T) => void;
  /** Nodes that the levels of the name lead to, and for each the offset in the name that it has matched up to. */
  readonly #reached: FilterNode<T>[];
  readonly #places: number[] = [0];
  #next = 0;

  /** `root`: where the filters begin that have a wildcard. */
  constructor(
    root: FilterNode<T>,
    topicName: string,
    hashMatchesParent: boolean,
    visit: (value: T) => void,
  ) {
    this.#reached = [root];
    this.#topicName = topicName;
    this.#hashMatchesParent = hashMatchesParent;
    this.#visit = visit;
  }

  /** Goes on for about so many steps; `true`: it has come to its end. */
  advance(maxSteps: number): boolean {
    const untilSteps = this.steps + maxSteps;
    while (this.#next < this.#reached.length) {
      if (this.steps >= untilSteps) return false;
      this.#step(this.#next++);
    }
    return true;
  }

  #step(index: number): void {
    const node = this.#reached[index]!;
    const at = this.#places[index]!;
    const name = this.#topicName;
    if (at > name.length) {
      this.steps += visitValues(node.here, this.#visit);
      if (this.#hashMatchesParent) this.steps += visitValues(node.below, this.#visit);
      return;
    }
    this.#reach(node.candidate(name, at), at);
    // A wildcard in first place does not reach names that begin with "$". [MQTT-4.7.2-1]
    if (at === 0 && name.startsWith("$")) return;
    this.steps += visitValues(node.below, this.#visit);
    this.#reach(node.plus, at);
  }

  #reach(child: FilterNode<T> | undefined, at: number): void {
    if (child === undefined) return;
    this.steps++;
    const end = child.pass(this.#topicName, at);
    if (end === -1) return;
    this.#reached.push(child);
    this.#places.push(end);
  }
}
