import { topicMatches } from "../topic/mod.ts";
import type { Acl, AclRule } from "./acl_file.ts";
import { possibleTopics } from "./possible_topics.ts";

/** What a client wants to do with a topic. */
export type TopicAccess = "read" | "write";

/** Whether something is allowed, and the rule that decides; without a rule no line applies, so it is not allowed. */
export interface AclDecision {
  /** The answer. */
  readonly isAllowed: boolean;
  /** Why. */
  readonly rule: AclRule | undefined;
}

/** A rule with its topic for one client. */
interface BoundRule {
  readonly rule: AclRule;
  readonly topicFilter: string;
}

/** The most topics of a client whose answers are remembered, and the most characters of them, because the client chooses them. */
const MAX_REMEMBERED = 200;
const MAX_REMEMBERED_LENGTH = 256;
/** What must not be put into a pattern, because it would be a wildcard, or add levels. */
const DANGEROUS = /[+#/]/;

/**
 * The rules of an ACL for one client: the lines of its user and the patterns with its names, in mosquitto's order: the user's denies,
 * the user's other lines, the patterns' denies, the other patterns. Where none applies the answer is no.
 */
export class ClientRights {
  readonly #rules: readonly BoundRule[];
  readonly #deepestLevels: number;
  readonly #mayWrite = new Map<string, boolean>();

  /** `givenName` is absent or empty for anonymous clients. */
  constructor(acl: Acl, givenName: string | undefined, clientId: string) {
    const userName = givenName === "" ? undefined : givenName;
    const own = userName === undefined ? acl.anonymous : acl.users.get(userName) ?? [];
    this.#rules = [
      ...own.map((rule) => ({ rule, topicFilter: rule.topicFilter })),
      ...bindPatterns(acl, userName, clientId),
    ];
    this.#deepestLevels = Math.max(
      0,
      ...this.#rules.map(({ topicFilter }) => topicFilter.split("/").length),
    );
  }

  /** Whether the client may do this with a topic, and why. */
  decide(access: TopicAccess, topicName: string): AclDecision {
    for (const { rule, topicFilter } of this.#rules) {
      const says = rule.access === "deny" || rule.access === "readwrite" || rule.access === access;
      if (says && topicMatches(topicFilter, topicName)) {
        return { isAllowed: rule.access !== "deny", rule };
      }
    }
    return { isAllowed: false, rule: undefined };
  }

  /** Whether the client may publish to a topic. The answer is remembered, because clients publish to few topics. */
  mayWrite(topicName: string): boolean {
    const known = this.#mayWrite.get(topicName);
    if (known !== undefined) return known;
    const { isAllowed } = this.decide("write", topicName);
    if (topicName.length > MAX_REMEMBERED_LENGTH) return isAllowed;
    if (this.#mayWrite.size >= MAX_REMEMBERED) this.#mayWrite.clear();
    this.#mayWrite.set(topicName, isAllowed);
    return isAllowed;
  }

  /** Whether a message can match the filter that the client may read, and the rule that allows or forbids it. */
  decideSubscribe(subscribedFilter: string): AclDecision {
    let forbidding: AclRule | undefined;
    for (const { rule, topicFilter } of this.#rules) {
      if (rule.access !== "read" && rule.access !== "readwrite") continue;
      // These topics are named by no other rule: if any topic under the filter may be read, one of these may.
      for (const topicName of possibleTopics(subscribedFilter, topicFilter, this.#deepestLevels)) {
        const decision = this.decide("read", topicName);
        if (decision.isAllowed) return { isAllowed: true, rule };
        forbidding ??= decision.rule;
      }
    }
    return { isAllowed: false, rule: forbidding };
  }
}

/** Whether a name may be put into a pattern: a client could choose another name so that the pattern matches foreign topics. */
export function isPlainName(name: string): boolean {
  return !DANGEROUS.test(name);
}

function bindPatterns(acl: Acl, userName: string | undefined, clientId: string): BoundRule[] {
  if (!isPlainName(clientId) || userName !== undefined && !isPlainName(userName)) return [];
  return acl.patterns.flatMap((rule) => {
    const levels = rule.topicFilter.split("/");
    if (userName === undefined && levels.includes("%u")) return [];
    const bound = levels.map((level) =>
      level === "%c" ? clientId : level === "%u" ? userName! : level
    );
    const topicFilter = bound.join("/");
    // A client with the name $SYS does not own that tree: only a rule that begins with "$" allows it. A rule that denies
    // applies nevertheless: else a name that begins with "$" would evade it.
    const isRaised = topicFilter.startsWith("$") && !rule.topicFilter.startsWith("$");
    return isRaised && rule.access !== "deny" ? [] : [{ rule, topicFilter }];
  });
}
