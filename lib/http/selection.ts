import type { Cursor } from "./query.ts";

interface Chosen<T> {
  readonly key: string | number;
  readonly name: string;
  readonly item: T;
}

/**
 * Selects one page of a sorted list: the first items after a cursor. Items may be offered in any order and number; the list is never sorted
 * as a whole, and only one page is in memory.
 */
export class Selection<T> {
  readonly #limit: number;
  readonly #isDescending: boolean;
  readonly #after: Cursor | undefined;
  readonly #chosen: Chosen<T>[] = [];

  /** `limit` is the number of items of the page. */
  constructor(limit: number, after: Cursor | undefined, isDescending = false) {
    this.#limit = limit;
    this.#after = after;
    this.#isDescending = isDescending;
  }

  /** Considers an item. */
  offer(key: string | number, name: string, item: T): void {
    const after = this.#after;
    if (after !== undefined && this.#compare(key, name, after[0], after[1]) <= 0) return;
    const chosen = this.#chosen;
    const last = chosen[this.#limit];
    if (last !== undefined && this.#compare(key, name, last.key, last.name) >= 0) return;
    let low = 0;
    let high = chosen.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = chosen[middle]!;
      if (this.#compare(key, name, other.key, other.name) < 0) high = middle;
      else low = middle + 1;
    }
    chosen.splice(low, 0, { key, name, item });
    // One item more than the page has tells whether there is another page.
    if (chosen.length > this.#limit + 1) chosen.pop();
  }

  /** Returns the page and the cursor of the next one. */
  page(): { readonly items: readonly T[]; readonly next: Cursor | undefined } {
    const items = this.#chosen.slice(0, this.#limit);
    const last = items.at(-1);
    const hasMore = this.#chosen.length > this.#limit;
    return {
      items: items.map(({ item }) => item),
      next: hasMore && last !== undefined ? [last.key, last.name] : undefined,
    };
  }

  #compare(
    key: string | number,
    name: string,
    otherKey: string | number,
    otherName: string,
  ): number {
    const byKey = key < otherKey ? -1 : key > otherKey ? 1 : 0;
    if (byKey !== 0) return this.#isDescending ? -byKey : byKey;
    return name < otherName ? -1 : name > otherName ? 1 : 0;
  }
}
