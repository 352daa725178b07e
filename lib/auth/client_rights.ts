import { topicMatches } from "../topic/mod.ts";
import type { Acl, AclRule } from "./acl_file.ts";
import { possibleTopics } from "./possible_topics.ts";

/** What somebody wants to do with a topic. */
export type TopicAccess = "read" | "write";

/** Whether something is allowed, and the rule that says so; without one: no line speaks of it, so it is not. */
export interface AclDecision {
  /** The answer. */
  readonly isAllowed: boolean;
  /** Why. */
  readonly rule: AclRule | undefined;
}

/** A rule with its topic as it is for one client. */
interface BoundRule {
  readonly rule: AclRule;
  readonly topicFilter: string;
}

/** Topics of which a client's answers are remembered, and their characters: it makes them up as it likes. */
const MAX_REMEMBERED = 200;
const MAX_REMEMBERED_LENGTH = 256;
/** What must not stand in a pattern's place: it would be a wildcard, or further levels. */
const DANGEROUS = /[+#/]/;

/**
 * What an ACL says of one client: its own lines and the patterns, with its names put in, in the order in which mosquitto asks
 * them: the user's denies, the user's other lines, the patterns' denies, the other patterns; else no.
 */
export class ClientRights {
  readonly #rules: readonly BoundRule[];
  readonly #deepestLevels: number;
  readonly #mayWrite = new Map<string, boolean>();

  /** `givenName` is absent for anonymous clients, or empty, which says as much. */
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

  /** Whether the client may publish to a topic; remembered, since clients publish to the same few topics all day. */
  mayWrite(topicName: string): boolean {
    const known = this.#mayWrite.get(topicName);
    if (known !== undefined) return known;
    const { isAllowed } = this.decide("write", topicName);
    if (topicName.length > MAX_REMEMBERED_LENGTH) return isAllowed;
    if (this.#mayWrite.size >= MAX_REMEMBERED) this.#mayWrite.clear();
    this.#mayWrite.set(topicName, isAllowed);
    return isAllowed;
  }

  /** Whether there may ever be a message under the filter that the client may read, and the rule by which, or that forbids. */
  decideSubscribe(subscribedFilter: string): AclDecision {
    let forbidding: AclRule | undefined;
    for (const { rule, topicFilter } of this.#rules) {
      if (rule.access !== "read" && rule.access !== "readwrite") continue;
      // The topics that no other rule means by name: if one may be read at all, one of these may.
      for (const topicName of possibleTopics(subscribedFilter, topicFilter, this.#deepestLevels)) {
        const decision = this.decide("read", topicName);
        if (decision.isAllowed) return { isAllowed: true, rule };
        forbidding ??= decision.rule;
      }
    }
    return { isAllowed: false, rule: forbidding };
  }
}

/** Whether a name may stand in a pattern's place: others could be made up to reach where they do not belong. */
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
    // A client that calls itself $SYS does not own that tree: only a rule that begins with "$" lets in there. One that denies
    // holds all the same, or a name with "$" in front would be a way around it.
    const isRaised = topicFilter.startsWith("$") && !rule.topicFilter.startsWith("$");
    return isRaised && rule.access !== "deny" ? [] : [{ rule, topicFilter }];
  });
}
