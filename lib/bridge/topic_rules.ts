import { encodeText, type Qos } from "../codec/mod.ts";
import { isTopicName, topicMatches } from "../topic/mod.ts";
import type { BridgeTopic, Direction } from "./options.ts";

/** A topic of the other broker, encoded once. */
export interface MappedTopic {
  /** The Topic Name. */
  readonly name: string;
  /** Its UTF-8. */
  readonly bytes: Uint8Array;
}

/** A Topic Filter to subscribe to. */
export interface RuleFilter {
  /** Prefix and pattern. */
  readonly topicFilter: string;
  /** The highest of the rules that have it. */
  readonly qos: Qos;
}

/** Topics that are remembered, each way: more than that begin anew. */
const MAX_REMEMBERED = 4096;
/** The longest topic that is, characters: clients and the remote broker make up as many as they like. */
const MAX_REMEMBERED_LENGTH = 1024;

/** The filter of a rule in this broker. */
export function localFilter({ localPrefix, pattern }: BridgeTopic): string {
  return localPrefix + pattern;
}

/** The filter of a rule in the remote broker. */
export function remoteFilter({ remotePrefix, pattern }: BridgeTopic): string {
  return remotePrefix + pattern;
}

/** Whether messages of the rule go that way. */
export function goes({ direction }: BridgeTopic, way: Exclude<Direction, "both">): boolean {
  return direction === way || direction === "both";
}

/** The `topic` lines of one bridge: what to subscribe to on either side, and what a topic is called on the other. */
export class TopicRules {
  readonly #rules: readonly BridgeTopic[];
  readonly #toRemote = new Map<string, MappedTopic | null>();
  readonly #toLocal = new Map<string, MappedTopic | null>();

  /** Rules that are right by themselves; of several that fit a topic the first counts. */
  constructor(rules: readonly BridgeTopic[]) {
    this.#rules = rules;
  }

  /** What the bridge subscribes to in this broker. */
  get localFilters(): readonly RuleFilter[] {
    return filtersOf(this.#rules.filter((rule) => goes(rule, "out")), localFilter);
  }

  /** What it subscribes to in the remote broker. */
  get remoteFilters(): readonly RuleFilter[] {
    return filtersOf(this.#rules.filter((rule) => goes(rule, "in")), remoteFilter);
  }

  /** What goes out only: an earlier configuration may have had it come in. */
  get remoteFiltersOutOnly(): readonly string[] {
    const coming = new Set(this.remoteFilters.map(({ topicFilter }) => topicFilter));
    const all = this.#rules.map(remoteFilter).filter((filter) => !coming.has(filter));
    return [...new Set(all)];
  }

  /** The bytes by which a topic grows at most on its way out. */
  get growthBytes(): number {
    const size = (text: string) => encodeText(text).length;
    return Math.max(
      0,
      ...this.#rules.filter((rule) => goes(rule, "out"))
        .map((rule) => size(rule.remotePrefix) - size(rule.localPrefix)),
    );
  }

  /** What a topic of this broker is called in the remote one; `null`: no rule lets it out. */
  toRemote(name: string): MappedTopic | null {
    return remembered(this.#toRemote, name, () => this.#map(name, "out"));
  }

  /** What a topic of the remote broker is called in this one; `null`: no rule lets it in. */
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
      // `a/#` also matches `a`, which has nothing behind the prefix `a/`.
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
