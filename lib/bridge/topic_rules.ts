import { encodeText, type Qos } from "../codec/mod.ts";
import { isTopicName, topicMatches } from "../topic/mod.ts";
import type { BridgeTopic, Direction } from "./options.ts";

/** A topic at the other broker, encoded once. */
export interface MappedTopic {
  /** The Topic Name. */
  readonly name: string;
  /** The Topic Name in UTF-8. */
  readonly bytes: Uint8Array;
}

/** A Topic Filter to subscribe to. */
export interface RuleFilter {
  /** Prefix and pattern. */
  readonly topicFilter: string;
  /** The highest QoS of the rules with this filter. */
  readonly qos: Qos;
}

/** Topics cached for each direction; the cache is emptied when it is full. */
const MAX_REMEMBERED = 4096;
/** The longest topic that is cached, characters: clients and the remote broker may invent any number of topics. */
const MAX_REMEMBERED_LENGTH = 1024;

/** The filter of a rule in this broker. */
export function localFilter({ localPrefix, pattern }: BridgeTopic): string {
  return localPrefix + pattern;
}

/** The filter of a rule in the remote broker. */
export function remoteFilter({ remotePrefix, pattern }: BridgeTopic): string {
  return remotePrefix + pattern;
}

/** Whether the rule applies to this direction. */
export function goes({ direction }: BridgeTopic, way: Exclude<Direction, "both">): boolean {
  return direction === way || direction === "both";
}

/** The `topic` lines of one bridge: the filters to subscribe to on either side, and the mapping of topics to the other side. */
export class TopicRules {
  readonly #rules: readonly BridgeTopic[];
  readonly #toRemote = new Map<string, MappedTopic | null>();
  readonly #toLocal = new Map<string, MappedTopic | null>();

  /** The rules must be valid. If several match a topic, the first one applies. */
  constructor(rules: readonly BridgeTopic[]) {
    this.#rules = rules;
  }

  /** The filters to subscribe to in this broker. */
  get localFilters(): readonly RuleFilter[] {
    return filtersOf(this.#rules.filter((rule) => goes(rule, "out")), localFilter);
  }

  /** The filters to subscribe to in the remote broker. */
  get remoteFilters(): readonly RuleFilter[] {
    return filtersOf(this.#rules.filter((rule) => goes(rule, "in")), remoteFilter);
  }

  /** The remote filters that only `out` rules have: an earlier configuration may have subscribed to them. */
  get remoteFiltersOutOnly(): readonly string[] {
    const coming = new Set(this.remoteFilters.map(({ topicFilter }) => topicFilter));
    const all = this.#rules.map(remoteFilter).filter((filter) => !coming.has(filter));
    return [...new Set(all)];
  }

  /** The most bytes by which a topic grows on its way out. */
  get growthBytes(): number {
    const size = (text: string) => encodeText(text).length;
    return Math.max(
      0,
      ...this.#rules.filter((rule) => goes(rule, "out"))
        .map((rule) => size(rule.remotePrefix) - size(rule.localPrefix)),
    );
  }

  /** Maps a topic of this broker to the remote one; `null` if no rule matches. */
  toRemote(name: string): MappedTopic | null {
    return remembered(this.#toRemote, name, () => this.#map(name, "out"));
  }

  /** Maps a topic of the remote broker to this one; `null` if no rule matches. */
  toLocal(name: string): MappedTopic | null {
    return remembered(this.#toLocal, name, () => this.#map(name, "in"));
  }

  #map(name: string, way: "in" | "out"): MappedTopic | null {
    for (const rule of this.#rules) {
      if (!goes(rule, way)) continue;
      const [from, to] = way === "out"
        ? [rule.localPrefix, rule.remotePrefix]
        : [rule.remotePrefix, rule.localPrefix];
      if (!topicMatches(from + rule.pattern, name)) continue;
      // `a/#` also matches `a`, which lacks the prefix `a/`.
      if (!name.startsWith(from)) continue;
      const mapped = to + name.slice(from.length);
      if (isTopicName(mapped)) return { name: mapped, bytes: encodeText(mapped) };
    }
    return null;
  }
}

function filtersOf(
  rules: readonly BridgeTopic[],
  filterOf: (rule: BridgeTopic) => string,
): readonly RuleFilter[] {
  const highest = new Map<string, Qos>();
  for (const rule of rules) {
    const filter = filterOf(rule);
    highest.set(filter, Math.max(rule.qos, highest.get(filter) ?? 0) as Qos);
  }
  return [...highest].map(([topicFilter, qos]) => ({ topicFilter, qos }));
}

function remembered(
  memory: Map<string, MappedTopic | null>,
  name: string,
  map: () => MappedTopic | null,
): MappedTopic | null {
  if (name.length > MAX_REMEMBERED_LENGTH) return map();
  const known = memory.get(name);
  if (known !== undefined) return known;
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  const mapped = map();
  memory.set(name, mapped);
  return mapped;
}
