import { isSharedFilter, isTopicFilter } from "../../topic/mod.ts";
import type { Acl, AclAccess, AclRule } from "../acl_file.ts";

/** Rules that a token or an answer may bring. */
const MAX_RULES = 1000;
/** What may be done, by the names that are used for it. */
const ACTIONS: ReadonlyMap<unknown, AclAccess> = new Map<unknown, AclAccess>([
  ["pub", "write"],
  ["publish", "write"],
  ["sub", "read"],
  ["subscribe", "read"],
  ["all", "readwrite"],
]);
const RULE_FIELDS: ReadonlySet<string> = new Set(["permission", "action", "topic"]);

/**
 * The rules of a claim, in one of the two forms that EMQX knows; or what is wrong with it. What is not understood is refused as a whole: half
 * of somebody's rules could be more than all of them.
 *
 * `{ "pub": ["a/%c"], "sub": ["b/#"], "all": ["c/%u/+"] }` names filters; `[{ "permission": "allow", "action": "publish",
 * "topic": "a/b" }, ...]` has rules, of which those that deny come first, and deny both.
 */
export function parseClaimedRules(value: unknown): Acl | string {
  const rules = Array.isArray(value) ? rulesOfList(value) : rulesOfObject(value);
  if (typeof rules === "string") return rules;
  if (rules.length > MAX_RULES) return `it has more than ${MAX_RULES} rules`;
  const denying = rules.filter(({ access }) => access === "deny");
  const allowing = rules.filter(({ access }) => access !== "deny");
  return { path: "", users: new Map(), anonymous: [], patterns: [...denying, ...allowing] };
}

function rulesOfObject(value: unknown): AclRule[] | string {
  if (typeof value !== "object" || value === null) return "it is neither an object nor a list";
  const rules: AclRule[] = [];
  for (const [action, filters] of Object.entries(value)) {
    const access = ACTIONS.get(action);
    if (access === undefined) return `${quote(action)} is none of pub, sub and all`;
    if (!Array.isArray(filters)) return `${action} is no list`;
    for (const filter of filters) {
      const rule = ruleOf(access, filter, rules.length);
      if (typeof rule === "string") return rule;
      rules.push(rule);
    }
  }
  return rules;
}

function rulesOfList(list: readonly unknown[]): AclRule[] | string {
  const rules: AclRule[] = [];
  for (const entry of list) {
    if (typeof entry !== "object" || entry === null) return "a rule is no object";
    const unknown = Object.keys(entry).find((field) => !RULE_FIELDS.has(field));
    if (unknown !== undefined) return `a rule has ${quote(unknown)}, which is not supported`;
    const { permission, action, topic } = entry as Record<string, unknown>;
    const access = ACTIONS.get(action);
    if (access === undefined) return `${quote(action)} is none of publish, subscribe and all`;
    if (permission !== "allow" && permission !== "deny") {
      return `${quote(permission)} is neither allow nor deny`;
    }
    if (permission === "deny" && access !== "readwrite") {
      return "a rule that denies must deny all, not publish or subscribe alone";
    }
    const rule = ruleOf(permission === "deny" ? "deny" : access, topic, rules.length);
    if (typeof rule === "string") return rule;
    rules.push(rule);
  }
  return rules;
}

/** `%c` and `%u`, or as EMQX writes them `${clientid}` and `${username}`, each stand for a whole level; behind `eq ` they stand for themselves. */
function ruleOf(access: AclAccess, filter: unknown, index: number): AclRule | string {
  if (typeof filter !== "string") return "a topic is no text";
  if (filter.startsWith("eq ")) return `${quote(filter)}: eq is not supported`;
  const levels = filter.split("/").map((level) =>
    level === "${clientid}" ? "%c" : level === "${username}" ? "%u" : level
  );
  const topicFilter = levels.join("/");
  if (!isTopicFilter(topicFilter) || isSharedFilter(topicFilter)) {
    return `${quote(filter)} is no Topic Filter`;
  }
  const isPart = levels.some((level) =>
    level.length > 2 && (level.includes("%c") || level.includes("%u")) || level.includes("${")
  );
  if (isPart) return `${quote(filter)}: what stands for a name must be a whole level`;
  return { access, topicFilter, isPattern: true, line: index + 1, text: filter };
}

function quote(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? "nothing";
}
