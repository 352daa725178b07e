/**
 * Topic Names and Topic Filters: which strings are valid, which filter matches which name, and two indexes that answer this for many at
 * once.
 *
 * A topic consists of levels separated by `/`. A level may be empty, so `/a` and `/` have two levels. In a filter `+` matches any one
 * level, and a final `#` matches all following levels or none (the parent level itself), unless `hashMatchesParent` is off. A wildcard in
 * the first level does not match a level that begins with `$`. [MQTT-4.7.2-1]
 *
 * {@link FilterTrie} finds the filters that match one name (routing): a trie, in which levels without a branch between them share a node
 * and empty nodes are removed. {@link RetainedTopics} finds the names that match one filter (retained messages): a sorted list of names. In
 * both the cost of an operation hardly grows with the number of entries, and memory is proportional to the entries. Both count the steps of
 * a match or a walk, so that callers can divide their time fairly. {@link topicMatches} compares one filter with one name.
 *
 * Neither checks its input: callers check strings once, with {@link isTopicName} and {@link parseTopicFilter}. This folder imports nothing
 * from other folders.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { FilterTrie, topicMatches } from "./mod.ts";
 *
 * const trie = new FilterTrie<string>();
 * trie.add("home/+/temperature", "display");
 * trie.add("home/#", "log");
 * const found: string[] = [];
 * trie.match("home/cellar/temperature", (value) => found.push(value));
 * equal(found.sort().join(), "display,log");
 * equal(topicMatches("#", "$SYS/uptime"), false);
 * ```
 *
 * @module
 */

export { isSharedFilter, isTopicFilter, isTopicName, parseTopicFilter } from "./filter.ts";
export type { ParsedTopicFilter } from "./filter.ts";
export { topicMatches } from "./matches.ts";
export { FilterTrie } from "./filter_trie.ts";
export type { FilterTrieOptions } from "./filter_trie.ts";
export type { FilterWalk } from "./filter_walk.ts";
export { RetainedTopics } from "./retained_topics.ts";
export { ApartName, type Entry } from "./retained_places.ts";
export { RetainedWalk } from "./retained_walk.ts";
export type { MatchOptions } from "./name_filter.ts";
