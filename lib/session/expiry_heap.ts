/** When something expires, and which of all it is. */
export interface Expiry {
  /** In the clock's milliseconds. */
  readonly atMs: number;
  /** As its owner counts. */
  readonly position: number;
}

/** A binary heap: what expires first is found at once, and put in or taken out in as many steps as its length has digits. */
export class ExpiryHeap {
  readonly #items: Expiry[] = [];

  /** Expiries in it. */
  get length(): number {
    return this.#items.length;
  }

  /** When the first expires; `Infinity` where there is none. */
  get nextMs(): number {
    return this.#items[0]?.atMs ?? Infinity;
  }

  /** Puts one in. */
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

  /** Takes out the first; `undefined` where there is none. */
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
