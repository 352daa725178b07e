/** The longest text of a packed block. The ends of the names in it are UTF-16 code units of a string. */
const MAX_TEXT_LENGTH = 0xffff;

/**
 * A run of successive names, and what belongs to them. Names are strings while they come and go. A block that rests can be packed: then its
 * names are one string, which takes 2 bytes for each beside its characters, where a string and its place take 24 to 40.
 */
export class NameBlock<T> {
  /** `undefined`: packed. */
  #names: string[] | undefined;
  #text = "";
  /** The code unit at `i` is where name `i` ends in the text. */
  #ends = "";
  #items: T[];
  #orders: number[];
  #first: string;
  /** Whether names came or went since {@linkcode pack} was last called. */
  #isTouched = true;
  /** Grows with each change to the block, so that who has looked at an item can tell whether it is still the same. */
  changes = 0;

  /** There is at least one name. The block owns the arrays, whose elements belong to each other. */
  constructor(names: string[], items: T[], orders: number[]) {
    this.#names = names;
    this.#items = items;
    this.#orders = orders;
    this.#first = names[0]!;
  }

  /** The number of names. */
  get length(): number {
    return this.#items.length;
  }

  /** The first name; of a block without names, which must not stay, a name that it had. */
  get first(): string {
    return this.#first;
  }

  /** What belongs to the name at the same place. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** The order in which the names were added. */
  get orders(): readonly number[] {
    return this.#orders;
  }

  /** Whether the names are one string. */
  get isPacked(): boolean {
    return this.#names === undefined;
  }

  /** The name at a place; `undefined` behind the last one. Of a packed block it refers to the memory of all: keep it for a while only. */
  nameAt(at: number): string | undefined {
    if (this.#names !== undefined) return this.#names[at];
    return at < this.#items.length ? this.#packedNameAt(at) : undefined;
  }

  /** The place of the first name from `from` on that is not before `name`. */
  lowerBound(name: string, from = 0): number {
    let low = from;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#names === undefined ? this.#packedNameAt(middle) : this.#names[middle]!;
      if (there < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Inserts a name at a place. */
  insert(at: number, name: string, item: T, order: number): void {
    const names = this.#open();
    names.splice(at, 0, name);
    this.#items.splice(at, 0, item);
    this.#orders.splice(at, 0, order);
    this.#first = names[0]!;
  }

  /** Changes what belongs to the name at a place. */
  replace(at: number, item: T): void {
    this.changes++;
    this.#items[at] = item;
  }

  /** Removes the name at a place. */
  remove(at: number): void {
    const names = this.#open();
    names.splice(at, 1);
    this.#items.splice(at, 1);
    this.#orders.splice(at, 1);
    this.#first = names[0] ?? this.#first;
  }

  /** Takes the names from a place on, in front of which there is one, into a new block. */
  splitAt(at: number): NameBlock<T> {
    const names = this.#open();
    return new NameBlock(names.splice(at), this.#items.splice(at), this.#orders.splice(at));
  }

  /** Adds the names of another block, which follow the last one here. That block is not used any more. */
  append(upper: NameBlock<T>): void {
    this.#open().push(...upper.#open());
    this.#items.push(...upper.#items);
    this.#orders.push(...upper.#orders);
  }

  /**
   * Packs the names if none came or went since the last call, and they are not too long. Returns whether that is still to be done.
   */
  pack(): boolean {
    const names = this.#names;
    if (names === undefined) return false;
    if (this.#isTouched) {
      this.#isTouched = false;
      return true;
    }
    let end = 0;
    const ends = names.map((name) => end += name.length);
    if (end > MAX_TEXT_LENGTH) return false;
    this.#text = names.join("");
    this.#ends = String.fromCharCode(...ends);
    // The arrays have room for more names than there are.
    this.#items = this.#items.slice();
    this.#orders = this.#orders.slice();
    this.#first = this.#packedNameAt(0);
    this.#names = undefined;
    return false;
  }

  /** The names as strings, for a change. */
  #open(): string[] {
    this.changes++;
    this.#isTouched = true;
    if (this.#names === undefined) {
      this.#names = this.#items.map((_, at) => this.#packedNameAt(at));
      this.#text = this.#ends = "";
    }
    return this.#names;
  }

  #packedNameAt(at: number): string {
    const start = at === 0 ? 0 : this.#ends.charCodeAt(at - 1);
    return this.#text.slice(start, this.#ends.charCodeAt(at));
  }
}
