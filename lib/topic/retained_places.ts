import type { MatchOptions, RetainedCursor } from "./retained_cursor.ts";

/** A name and its value. */
export interface Entry<T> {
  readonly topicName: string;
  /** Names were added in this order. */
  readonly order: number;
  /** `undefined`: deleted. */
  value: T | undefined;
  /** Whether the trie has it. */
  isIndexed: boolean;
}

/** Where a walk looks: a cursor over the trie, and the entries in [next, end) of those that are not in it. */
export interface Places<T> {
  readonly cursor: RetainedCursor<Entry<T>>;
  /** Others will only be added to it. */
  readonly added: readonly Entry<T>[];
  next: number;
  readonly end: number;
}

/** What a walk asks of the topics that it goes over. */
export interface WalkedTopics<T> {
  /** The value under a name. */
  get(topicName: string): T | undefined;
  /** A walk with wildcards begins: which new names an earlier one has passed by, as the order before which all of them are. */
  ask(): number;
  /** Puts new names before `order` into the trie, `maxCount` at most; returns how many. Fewer than `maxCount`: it has all of them. */
  index(order: number, maxCount: number): number;
  /** Where to look for what matches. */
  places(topicFilter: string, options: MatchOptions): Places<T>;
}
