import type { MatchOptions } from "./name_filter.ts";
import type { SortedCursor } from "./sorted_cursor.ts";

/** A name and its value. */
export interface Entry<T> {
  /** The Topic Name. */
  readonly topicName: string;
  /** The position of this entry in the order in which names were added. */
  readonly order: number;
  /** `undefined` once the name is deleted, or its value apart. */
  value: T | undefined;
  /** Whether the sorted names contain it. */
  isIndexed: boolean;
}

/** What belongs to a sorted name: its entry, or the size of a value that is apart. */
export type SortedItem<T> = Entry<T> | number;

/** A name whose value is elsewhere. */
export class ApartName {
  /** The Topic Name. */
  readonly topicName: string;
  /** The size that was given when the value was put apart. */
  readonly sizeBytes: number;
  readonly #block: { readonly changes: number };
  readonly #changes: number;

  /** Only {@link RetainedTopics} makes them. */
  constructor(topicName: string, sizeBytes: number, block: { readonly changes: number }) {
    this.topicName = topicName;
    this.sizeBytes = sizeBytes;
    this.#block = block;
    this.#changes = block.changes;
  }

  /**
   * Whether the value is certainly still the same, and apart. After some changes nearby this is false too: then look the name up again.
   */
  get isCurrent(): boolean {
    return this.#block.changes === this.#changes;
  }
}

/** Where a walk searches: a cursor over the sorted names, and the entries of `added` in [next, end), which are not among them. */
export interface Places<T> {
  readonly cursor: SortedCursor<SortedItem<T>>;
  /** Sorted names from this order on are passed over: they are in `added`, or newer than the walk. */
  readonly addedOrder: number;
  /** This array only grows at its end. */
  readonly added: readonly Entry<T>[];
  next: number;
  readonly end: number;
}

/** What a walk needs of the topics that it searches. */
export interface WalkedTopics<T> {
  /** The value of a name. */
  get(topicName: string): T | ApartName | undefined;
  /** The value of an entry's name, if the name has not been deleted since. */
  valueOf(entry: Entry<T>): T | ApartName | undefined;
  /**
   * Called when a walk with wildcards begins. Returns the order up to which (exclusive) earlier walks have already compared the new names
   * one by one.
   */
  ask(): number;
  /**
   * Puts up to `maxCount` new names before `order` among the sorted ones; returns how many. Fewer than `maxCount` means that all of them are in it.
   */
  index(order: number, maxCount: number): number;
  /** Where to search for matches. */
  places(topicFilter: string, options: MatchOptions): Places<T>;
}
