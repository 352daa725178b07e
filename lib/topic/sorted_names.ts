import { NameBlock } from "./name_block.ts";

/** The most names of a block. Adding one moves half of them on average, which is cheaper up to here than to find the block. */
const MAX_NAMES = 128;
/** A block with fewer names is joined with its neighbour, if both fit into one. */
const MIN_NAMES = MAX_NAMES / 4;

/** A place among the names; the end, if there is no block at `block`. */
export interface Place {
  /** The number of the block. */
  block: number;
  /** The place in the block. */
  at: number;
}

/**
 * Names in the order of their UTF-16 code units, in blocks. A name takes 18 to 24 bytes beside its characters where blocks are packed, and
 * 70 elsewhere, where a trie takes 160; and the names that begin alike stand together. Therefore a filter is searched for by jumps from one
 * possible match to the next.
 */
export class SortedNames<T> {
  readonly #blocks: NameBlock<T>[] = [];
  #size = 0;
  #version = 0;
  /** The round in which blocks are packed: the next one, and whether a block has to be looked at again. */
  #nextPacked = 0;
  #isAnyLeft = false;

  /** The number of names. */
  get size(): number {
    return this.#size;
  }

  /** Grows whenever names are added or removed: then a {@linkcode Place} may be another one. */
  get version(): number {
    return this.#version;
  }

  /** The block with this number; `undefined` at the end. */
  block(number: number): NameBlock<T> | undefined {
    return this.#blocks[number];
  }

  /** The place of the first name that is not before `name`. */
  seek(name: string): Place {
    const block = this.#blockOf(name);
    return block < 0 ? { block: 0, at: 0 } : this.#placeIn(block, name, 0);
  }

  /** As {@linkcode seek}, from a place that is not after it; sooner found where both are in one block. */
  seekFrom(block: number, at: number, name: string): Place {
    if (block >= this.#blocks.length) return this.seek(name);
    const next = this.#blocks[block + 1];
    if (next !== undefined && next.first <= name) return this.seek(name);
    return this.#placeIn(block, name, at);
  }

  /** The place of the name; `undefined` if it is not there. */
  find(name: string): Place | undefined {
    const place = this.seek(name);
    return this.#blocks[place.block]?.nameAt(place.at) === name ? place : undefined;
  }

  /** Adds a name that is not there yet. Returns whether a full block was left behind because the name is the last one. */
  add(name: string, item: T, order: number): boolean {
    this.#version++;
    this.#size++;
    let number = Math.max(0, this.#blockOf(name));
    let block = this.#blocks[number];
    if (block === undefined) {
      this.#blocks.push(new NameBlock([name], [item], [order]));
      return false;
    }
    let at = block.lowerBound(name);
    if (block.length >= MAX_NAMES) {
      const isLast = at === block.length && number === this.#blocks.length - 1;
      // Names that come in order leave full blocks behind.
      if (isLast) {
        this.#blocks.push(new NameBlock([name], [item], [order]));
        return true;
      }
      const upper = block.splitAt(MAX_NAMES / 2);
      this.#blocks.splice(++number, 0, upper);
      if (at >= MAX_NAMES / 2) {
        block = upper;
        at -= MAX_NAMES / 2;
      }
    }
    block.insert(at, name, item, order);
    return false;
  }

  /** Changes what belongs to the name at a place. */
  replace({ block, at }: Place, item: T): void {
    this.#blocks[block]!.replace(at, item);
  }

  /** Removes the name at a place. */
  remove({ block: number, at }: Place): void {
    this.#version++;
    this.#size--;
    const block = this.#blocks[number]!;
    block.remove(at);
    if (block.length === 0) this.#blocks.splice(number, 1);
    else if (block.length < MIN_NAMES) this.#join(number);
  }

  /**
   * Packs blocks in which no name came or went for a round; looks at up to `maxBlocks` of them. Returns `"later"` when a round is over after
   * which some are left, and `"done"` where none is.
   */
  pack(maxBlocks: number): "more" | "later" | "done" {
    const end = Math.min(this.#nextPacked + maxBlocks, this.#blocks.length);
    for (; this.#nextPacked < end; this.#nextPacked++) {
      if (this.#blocks[this.#nextPacked]!.pack()) this.#isAnyLeft = true;
    }
    if (end < this.#blocks.length) return "more";
    const result = this.#isAnyLeft ? "later" : "done";
    this.#nextPacked = 0;
    this.#isAnyLeft = false;
    return result;
  }

  /** Packs the last block but one, in which no name is expected any more. */
  packLastFull(): void {
    const block = this.#blocks.at(-2);
    if (block?.pack() === true) block.pack();
  }

  #placeIn(number: number, name: string, from: number): Place {
    const block = this.#blocks[number]!;
    const at = block.lowerBound(name, from);
    return at < block.length ? { block: number, at } : { block: number + 1, at: 0 };
  }

  #join(number: number): void {
    const lower = this.#blocks[number]!;
    const upper = this.#blocks[number + 1];
    if (upper === undefined || lower.length + upper.length > MAX_NAMES / 2) return;
    lower.append(upper);
    this.#blocks.splice(number + 1, 1);
  }

  /** The number of the last block whose first name is not after `name`; -1 if there is none. */
  #blockOf(name: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.first <= name) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
