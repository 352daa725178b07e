/** The expiry of an item, and the item's position. */
export interface Expiry {
  /** In the clock's milliseconds. */
  readonly atMs: number;
  /** The position of the item, as the owner of the heap counts. */
  readonly position: number;
}

/** A binary heap of expiries: the earliest is found at once, and adding or removing one takes a logarithmic number of steps. */
export class ExpiryHeap {
  readonly #items: Expiry[] = [];

  /** The number of expiries. */
  get length(): number {
    return this.#items.length;
  }

  /** When the earliest expires; `Infinity` where there is none. */
  get nextMs(): number {
    return this.#items[0]?.atMs ?? Infinity;
  }

  /** Adds an expiry. */
  push(item: Expiry): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const parent = at - 1 >> 1;
      if (items[parent]!.atMs <= item.atMs) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  /** Removes and returns the earliest expiry; `undefined` where there is none. */
  pop(): Expiry | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]!.atMs < items[child]!.atMs) child++;
      if (items[child]!.atMs >= last.atMs) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return first;
  }
}
