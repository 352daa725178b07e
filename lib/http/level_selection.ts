/** One level below another, and what lies under it. */
export interface Level {
  /** The level's own name; may be empty. */
  readonly level: string;
  /** Retained messages at it and below it. */
  messages: number;
  /** Whether one stands at the level itself. */
  hasMessage: boolean;
}

/**
 * The first levels behind a cursor, in the order of their names, of any number of topics that are offered in none, and what lies under
 * each: in memory for one page. A level that is left out once has enough others before it, so the counts of those that stay are whole.
 */
export class LevelSelection {
  readonly #limit: number;
  readonly #after: string | undefined;
  /** Sorted by name: one more than the page has. */
  readonly #levels: Level[] = [];

  /** `after`: the last level of the page before; absent: this is the first. */
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

  /** The page, and the last of its levels where there are more. */
  page(): { readonly items: readonly Level[]; readonly next: string | undefined } {
    const items = this.#levels.slice(0, this.#limit);
    return { items, next: this.#levels.length > this.#limit ? items.at(-1)?.level : undefined };
  }

  /** Where the level is, or would be. */
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
