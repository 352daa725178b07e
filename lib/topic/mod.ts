/**
 * Topic Names and Topic Filters: which strings are one, which filter matches which name, and the two indexes that
 * answer this for many at a time.
 *
 * A topic is a row of levels parted by `/`; a level may be empty, so `/a` has two levels and `/` too. In a filter `+` stands
 * for one level, whatever it holds, and a last `#` for all levels that follow, and for none (the parent), unless
 * `hashMatchesParent` is off. A wildcard in first place never stands for a level that begins with `$`. [MQTT-4.7.2-1]
 *
 * {@link FilterTrie} goes from one name to the filters that match it (routing); {@link RetainedTopics} goes from one filter to the
 * names that match it (retained messages). Both keep cost per operation flat as they grow, and memory in step with what
 * they hold: levels that no branch parts are one node, and what becomes empty is cut off. Both say in steps what a match or a walk has
 * cost, for those who share their time among many. {@link topicMatches} compares one filter with one name and needs neither.
 *
 * The tries trust their callers: strings are checked once, at the edge, by {@link isTopicName} and {@link parseTopicFilter}.
 * This folder imports nothing from other folders.
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

export { isTopicFilter, isTopicName, parseTopicFilter } from "./filter.ts";
export type { ParsedTopicFilter } from "./filter.ts";
export { topicMatches } from "./matches.ts";
export { FilterTrie } from "./filter_trie.ts";
export type { FilterTrieOptions } from "./filter_trie.ts";
export type { FilterWalk } from "./filter_walk.ts";
export { RetainedTopics } from "./retained_topics.ts";
export { RetainedWalk } from "./retained_walk.ts";
export type { MatchOptions } from "./retained_cursor.ts";
