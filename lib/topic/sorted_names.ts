/** The most names of a block. Adding one moves half of them on average, which is cheaper up to here than to find the block. */
const MAX_NAMES = 128;
/** A block with fewer names is joined with its neighbour, if both fit into one. */
const MIN_NAMES = MAX_NAMES / 4;

/** A run of successive names, and what belongs to them. */
export class Block<T> {
  readonly names: string[];
  /** What belongs to the name at the same place. */
  readonly items: T[];
  /** The order in which the names were added. */
  readonly orders: number[];
  /** Grows with each change to the block, so that who has looked at an item can tell whether it is still the same. */
  changes = 0;

  constructor(names: string[], items: T[], orders: number[]) {
    this.names = names;
    this.items = items;
    this.orders = orders;
  }
}

/** A place among the names; the end, if there is no block at `block`. */
export interface Place {
  /** The number of the block. */
  block: number;
  /** The place in the block. */
  at: number;
}

/**
 * Names in the order of their UTF-16 code units, in blocks. It takes 24 bytes for each name beside the name itself, where a trie takes 160,
 * and the names that begin alike stand together. Therefore a filter is searched for by jumps from one possible match to the next.
 */
export class SortedNames<T> {
  readonly #blocks: Block<T>[] = [];
  #size = 0;
  #version = 0;

  /** The number of names. */
  get size(): number {
    return this.#size;
  }

  /** Grows whenever names are added or removed: then a {@linkcode Place} may be another one. */
  get version(): number {
    return this.#version;
  }

  /** The block with this number; `undefined` at the end. */
  block(number: number): Block<T> | undefined {
    return this.#blocks[number];
  }

  /** The place of the first name that is not before `name`. */
  seek(name: string): Place {
    const block = this.#blockOf(name);
    if (block < 0) return { block: 0, at: 0 };
    const { names } = this.#blocks[block]!;
    const at = lowerBound(names, name);
    return at < names.length ? { block, at } : { block: block + 1, at: 0 };
  }

  /** As {@linkcode seek}, from a place that is not after it; sooner found where both are in one block. */
  seekFrom(block: number, at: number, name: string): Place {
    const names = this.#blocks[block]?.names;
    if (names === undefined || names.at(-1)! < name) return this.seek(name);
    return { block, at: lowerBound(names, name, at) };
  }

  /** The place of the name; `undefined` if it is not there. */
  find(name: string): Place | undefined {
    const place = this.seek(name);
    return this.#blocks[place.block]?.names[place.at] === name ? place : undefined;
  }

  /** Adds a name that is not there yet. */
  add(name: string, item: T, order: number): void {
    this.#version++;
    this.#size++;
    let number = Math.max(0, this.#blockOf(name));
    let block = this.#blocks[number];
    if (block === undefined) {
      this.#blocks.push(new Block([name], [item], [order]));
      return;
    }
    let at = lowerBound(block.names, name);
    if (block.names.length >= MAX_NAMES) {
      const isLast = at === block.names.length && number === this.#blocks.length - 1;
      // Names that come in order leave full blocks behind.
      const kept = isLast ? MAX_NAMES : MAX_NAMES / 2;
      block.changes++;
      const { names, items, orders } = block;
      const upper = new Block(names.splice(kept), items.splice(kept), orders.splice(kept));
      this.#blocks.splice(++number, 0, upper);
      if (at >= kept) {
        block = upper;
        at -= kept;
      }
    }
    block.changes++;
    block.names.splice(at, 0, name);
    block.items.splice(at, 0, item);
    block.orders.splice(at, 0, order);
  }

  /** Changes what belongs to the name at a place. */
  replace({ block: number, at }: Place, item: T): void {
    const block = this.#blocks[number]!;
    block.changes++;
    block.items[at] = item;
  }

  /** Removes the name at a place. */
  remove({ block: number, at }: Place): void {
    this.#version++;
    this.#size--;
    const block = this.#blocks[number]!;
    block.changes++;
    block.names.splice(at, 1);
    block.items.splice(at, 1);
    block.orders.splice(at, 1);
    if (block.names.length === 0) this.#blocks.splice(number, 1);
    else if (block.names.length < MIN_NAMES) this.#join(number);
  }

  #join(number: number): void {
    const lower = this.#blocks[number]!;
    const upper = this.#blocks[number + 1];
    if (upper === undefined || lower.names.length + upper.names.length > MAX_NAMES / 2) return;
    upper.changes++;
    lower.names.push(...upper.names);
    lower.items.push(...upper.items);
    lower.orders.push(...upper.orders);
    this.#blocks.splice(number + 1, 1);
  }

  /** The number of the last block whose first name is not after `name`; -1 if there is none. */
  #blockOf(name: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.names[0]! <= name) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The place of the first name from `from` on that is not before `name`. */
function lowerBound(names: readonly string[], name: string, from = 0): number {
  let low = from;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
