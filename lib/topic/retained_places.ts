import type { MatchOptions, RetainedCursor } from "./retained_cursor.ts";

/** A name and its value. */
export interface Entry<T> {
  readonly topicName: string;
  /** The position of this entry in the order in which names were added. */
  readonly order: number;
  /** `undefined` once the name is deleted. */
  value: T | undefined;
  /** Whether the trie contains it. */
  isIndexed: boolean;
}

/** Where a walk searches: a cursor over the trie, and the entries of `added` in [next, end), which are not in the trie. */
export interface Places<T> {
  readonly cursor: RetainedCursor<Entry<T>>;
  /** This array only grows at its end. */
  readonly added: readonly Entry<T>[];
  next: number;
  readonly end: number;
}

/** What a walk needs of the topics that it searches. */
export interface WalkedTopics<T> {
  /** The value of a name. */
  get(topicName: string): T | undefined;
  /**
   * Called when a walk with wildcards begins. Returns the order up to which (exclusive) earlier walks have already compared the new names
   * one by one.
   */
  ask(): number;
  /**
   * Puts up to `maxCount` new names before `order` into the trie; returns how many. Fewer than `maxCount` means that all of them are in it.
   */
  index(order: number, maxCount: number): number;
  /** Where to search for matches. */
  places(topicFilter: string, options: MatchOptions): Places<T>;
}
