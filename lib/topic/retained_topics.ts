import type { MatchOptions } from "./name_filter.ts";
import { ApartName, type Entry, type Places, type SortedItem } from "./retained_places.ts";
import { RetainedWalk } from "./retained_walk.ts";
import { SortedCursor } from "./sorted_cursor.ts";
import { type Place, SortedNames } from "./sorted_names.ts";

/** The least number of deleted entries before it is checked whether they are the majority of the new ones. */
const MIN_DELETED = 1024;

/** The order of a name that was never among the new ones, so that each walk finds it among the sorted. */
const BEFORE_ALL = -1;
/** After so many names a round that rests is given up. */
const MAX_ADDED = 1024;
/** The most names that are sorted in because one of them is put apart. */
const SORTED_AT_ONCE = 16;

/**
 * Maps Topic Names to values, and finds them by name or by Topic Filter: the retained messages. Names and filters must be valid, filters
 * without `$share/{ShareName}/`.
 *
 * A Map finds a name. A sorted list, where adding a name takes several times as long, finds the matches of filters with wildcards.
 * Therefore a new name stays out of it at first: the first filter is compared with the new names one by one, which is cheap, and the second
 * filter sorts them in. A broker to which many publish and whose clients use no wildcards never pays for the sorting.
 *
 * A value may be put apart: then only its name and size stay here, without an object or a place in the Map, and the caller has to know where
 * the value is. It takes 70 bytes and the name, or 24 and the name once that is packed, instead of 150 and the value.
 */
export class RetainedTopics<T extends NonNullable<unknown>> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #sorted = new SortedNames<SortedItem<T>>();
  #apartCount = 0;
  /** From `#nextNew` on, in order: entries that are not sorted in, including some that have been deleted since. */
  #new: Entry<T>[] = [];
  #nextNew = 0;
  #deletedNew = 0;
  /** The order of the next entry. */
  #order = 0;
  #round: Iterator<Entry<T>, undefined> | undefined;
  #addedSinceCycle = 0;
  /** Entries before this order existed when a filter with wildcards was last used. */
  #askedOrder = 0;

  /** The number of Topic Names with a value. */
  get size(): number {
    return this.#entries.size + this.#apartCount;
  }

  /** The number of names that are sorted in. */
  get sortedCount(): number {
    return this.#sorted.size;
  }

  /** The number of Topic Names whose value is apart. */
  get apartCount(): number {
    return this.#apartCount;
  }

  /** Sets the value of a name; returns the previous one. */
  set(topicName: string, value: T): T | ApartName | undefined {
    const entry = this.#entries.get(topicName);
    if (entry !== undefined) {
      const before = entry.value;
      entry.value = value;
      return before;
    }
    const place = this.#findApart(topicName);
    if (place !== undefined) {
      const apart = this.#apartAt(place);
      const { orders } = this.#sorted.block(place.block)!;
      const fetched = { topicName, order: orders[place.at]!, value, isIndexed: true };
      this.#sorted.replace(place, fetched);
      this.#apartCount--;
      this.#addEntry(topicName, fetched);
      return apart;
    }
    const added: Entry<T> = { topicName, order: this.#order++, value, isIndexed: false };
    this.#addEntry(topicName, added);
    this.#new.push(added);
    return undefined;
  }

  /** The value of a name. */
  get(topicName: string): T | ApartName | undefined {
    const entry = this.#entries.get(topicName);
    if (entry !== undefined) return entry.value;
    const place = this.#findApart(topicName);
    return place === undefined ? undefined : this.#apartAt(place);
  }

  /** Deletes the value of a name; returns it. */
  delete(topicName: string): T | ApartName | undefined {
    const entry = this.#entries.get(topicName);
    if (entry === undefined) return this.#deleteApart(topicName);
    this.#entries.delete(topicName);
    const before = entry.value;
    entry.value = undefined;
    if (entry.isIndexed) this.#sorted.remove(this.#sorted.find(topicName)!);
    else this.#countDeleted();
    return before;
  }

  /** Adds a name whose value is apart; there is no such name yet. `sizeBytes` is for the caller. */
  addApart(topicName: string, sizeBytes: number): void {
    const isBlockFull = this.#sorted.add(topicName, sizeBytes, BEFORE_ALL);
    // Those of a store come in order.
    if (isBlockFull) this.#sorted.packLastFull();
    this.#apartCount++;
  }

  /**
   * Puts a value apart. Returns false if that has to wait, because many names have to be sorted in before: then some of them were.
   */
  putApart(topicName: string, sizeBytes: number): boolean {
    const entry = this.#entries.get(topicName)!;
    if (!entry.isIndexed) this.index(entry.order + 1, SORTED_AT_ONCE);
    if (!entry.isIndexed) return false;
    this.#entries.delete(topicName);
    // A walk that has the entry in its list of new ones asks for the value then.
    entry.value = undefined;
    this.#sorted.replace(this.#sorted.find(topicName)!, sizeBytes);
    this.#apartCount++;
    return true;
  }

  /** The next value in an endless round over all values that are not apart, in which each has its turn; `undefined`: there is none. */
  cycle(): T | undefined {
    this.#addedSinceCycle = 0;
    let entry = this.#round?.next().value;
    if (entry === undefined) {
      this.#round = this.#entries.values();
      entry = this.#round.next().value;
    }
    return entry?.value;
  }

  /**
   * Packs sorted names that do not come and go; looks at up to `maxBlocks` times 128 of them. Returns `"more"` where the round is not over,
   * `"later"` where another one is needed, and `"done"` where all are packed.
   */
  pack(maxBlocks: number): "more" | "later" | "done" {
    return this.#sorted.pack(maxBlocks);
  }

  /** Begins a walk over the values whose names match `topicFilter`, at the caller's pace. */
  matches(topicFilter: string, options: MatchOptions = {}): RetainedWalk<T> {
    return new RetainedWalk(this, topicFilter, options);
  }

  /**
   * Called when a walk with wildcards begins. Returns the order up to which (exclusive) earlier walks have already compared the new names
   * one by one.
   * @internal
   */
  ask(): number {
    const before = this.#askedOrder;
    this.#askedOrder = this.#order;
    return before;
  }

  /**
   * Sorts in up to `maxCount` new names before `order`; returns how many. Fewer than `maxCount` means that all of them are sorted in.
   *
   * @internal
   */
  index(order: number, maxCount: number): number {
    let count = 0;
    for (; this.#nextNew < this.#new.length; count++) {
      const entry = this.#new[this.#nextNew]!;
      if (entry.order >= order || count === maxCount) break;
      this.#nextNew++;
      if (entry.value === undefined) this.#deletedNew--;
      else {
        this.#sorted.add(entry.topicName, entry, entry.order);
        entry.isIndexed = true;
      }
    }
    // Walks have the array as it was.
    if (this.#nextNew * 2 >= this.#new.length) {
      this.#new = this.#new.slice(this.#nextNew);
      this.#nextNew = 0;
    }
    return count;
  }

  /**
   * Where to search for matches: a cursor over the sorted names, and the entries that are not among them, in [next, end) of an array that only grows at
   * its end.
   * @internal
   */
  places(topicFilter: string, options: MatchOptions): Places<T> {
    const cursor = new SortedCursor(this.#sorted, topicFilter, options);
    const [added, next] = [this.#new, this.#nextNew];
    const addedOrder = added[next]?.order ?? this.#order;
    return { cursor, addedOrder, added, next, end: added.length };
  }

  /** The value of an entry's name, if the name has not been deleted since. */
  valueOf({ topicName, order }: Entry<T>): T | ApartName | undefined {
    const entry = this.#entries.get(topicName);
    if (entry !== undefined) return entry.order === order ? entry.value : undefined;
    const place = this.#findApart(topicName);
    if (place === undefined) return undefined;
    const isSame = this.#sorted.block(place.block)!.orders[place.at] === order;
    return isSame ? this.#apartAt(place) : undefined;
  }

  /** An iterator that rests keeps all that the Map has contained since, so it is given up. The next round begins with the oldest. */
  #addEntry(topicName: string, entry: Entry<T>): void {
    this.#entries.set(topicName, entry);
    if (++this.#addedSinceCycle > MAX_ADDED) this.#round = undefined;
  }

  #findApart(topicName: string): Place | undefined {
    if (this.#apartCount === 0) return undefined;
    const place = this.#sorted.find(topicName);
    const isApart = place !== undefined &&
      typeof this.#sorted.block(place.block)!.items[place.at] === "number";
    return isApart ? place : undefined;
  }

  #apartAt({ block: number, at }: Place): ApartName {
    const block = this.#sorted.block(number)!;
    return new ApartName(block.nameAt(at)!, block.items[at] as number, block);
  }

  #deleteApart(topicName: string): ApartName | undefined {
    const place = this.#findApart(topicName);
    if (place === undefined) return undefined;
    const apart = this.#apartAt(place);
    this.#sorted.remove(place);
    this.#apartCount--;
    return apart;
  }

  /**
   * Removes deleted entries when they are the majority. Otherwise names that are set and deleted again and again would take ever more
   * memory as long as no filter has a wildcard.
   */
  #countDeleted(): void {
    this.#deletedNew++;
    if (this.#deletedNew < MIN_DELETED) return;
    if (this.#deletedNew * 2 < this.#new.length - this.#nextNew) return;
    this.#new = this.#new.slice(this.#nextNew).filter((entry) => entry.value !== undefined);
    this.#nextNew = this.#deletedNew = 0;
  }
}
