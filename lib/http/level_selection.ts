/** One level below another, with counts of its messages. */
export interface Level {
  /** The name of the level; may be empty. */
  readonly level: string;
  /** Retained messages at the level and below it. */
  messages: number;
  /** Whether there is one at the level itself. */
  hasMessage: boolean;
}

/**
 * Selects one page of levels: the first after a cursor in the order of names, with counts of the messages below each. Topics may be offered
 * in any order and number; only one page is in memory. A level dropped once has enough smaller ones before it and never returns, so the
 * counts of those kept are complete.
 */
export class LevelSelection {
  readonly #limit: number;
  readonly #after: string | undefined;
  /** Sorted by name; one more than the page has. */
  readonly #levels: Level[] = [];

  /** `after` is the last level of the previous page; absent for the first page. */
  constructor(limit: number, after: string | undefined) {
    this.#limit = limit;
    this.#after = after;
  }

  /** Counts a topic at or below the level. */
  offer(level: string, isLast: boolean): void {
    if (this.#after !== undefined && level <= this.#after) return;
    const index = this.#indexOf(level);
    let entry = this.#levels[index];
    if (entry?.level !== level) {
      if (index > this.#limit) return;
      entry = { level, messages: 0, hasMessage: false };
      this.#levels.splice(index, 0, entry);
      if (this.#levels.length > this.#limit + 1) this.#levels.pop();
    }
    entry.messages++;
    if (isLast) entry.hasMessage = true;
  }

  /** Returns the page, and the name of its last level if there are more. */
  page(): { readonly items: readonly Level[]; readonly next: string | undefined } {
    const items = this.#levels.slice(0, this.#limit);
    return { items, next: this.#levels.length > this.#limit ? items.at(-1)?.level : undefined };
  }

  /** The index of the level, or where it would be inserted. */
  #indexOf(level: string): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#levels[middle]!.level < level) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
