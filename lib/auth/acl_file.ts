import { isSharedFilter, isTopicFilter } from "../topic/mod.ts";
import type { Loaded } from "./password_file.ts";

/** What a line of an ACL file allows; `deny` forbids. */
export type AclAccess = "read" | "write" | "readwrite" | "deny";

/** One `topic` or `pattern` line. */
export interface AclRule {
  /** Default where the line names none: `readwrite`. */
  readonly access: AclAccess;
  /** A pattern still contains `%c` and `%u`. */
  readonly topicFilter: string;
  /** Whether it is a `pattern` line. */
  readonly isPattern: boolean;
  /** From 1. */
  readonly line: number;
  /** As it stands in the file. */
  readonly text: string;
}

/** Rules in the order in which they are applied: those that deny come first. */
export type AclRules = readonly AclRule[];

/** An ACL file. */
export interface Acl {
  /** The path of the file. */
  readonly path: string;
  /** The rules below `user NAME`, by name. */
  readonly users: ReadonlyMap<string, AclRules>;
  /** The rules before any `user` line: for clients without a user name. */
  readonly anonymous: AclRules;
  /** For everybody. */
  readonly patterns: AclRules;
}

const ACCESSES: readonly string[] = ["read", "write", "readwrite", "deny"] satisfies AclAccess[];

/** Parses an ACL file in mosquitto's syntax. */
export function parseAclFile(path: string, text: string): Loaded<Acl> {
  const problems: string[] = [];
  const users = new Map<string, AclRule[]>();
  const anonymous: AclRule[] = [];
  const patterns: AclRule[] = [];
  let current = anonymous;
  const rows = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (const [index, row] of rows.entries()) {
    const line = index + 1;
    if (row.startsWith("#") || row.trim() === "") continue;
    const { word, rest } = splitWord(row.trim());
    if (word === "user") {
      if (rest === "") problems.push(`${path}:${line}: user: Must be followed by a user name`);
      current = users.get(rest) ?? [];
      users.set(rest, current);
    } else if (word === "topic" || word === "pattern") {
      const rule = parseRule(word === "pattern", rest, line, row.trim());
      if (typeof rule === "string") problems.push(`${path}:${line}: ${word}: ${rule}`);
      else (rule.isPattern ? patterns : current).push(rule);
    } else {
      problems.push(
        `${path}:${line}: ${word}: Is not understood; a line is user, topic or pattern`,
      );
    }
  }
  if (problems.length > 0) return { isValid: false, problems };
  const acl: Acl = {
    path,
    users: new Map([...users].map(([name, rules]) => [name, denyFirst(rules)])),
    anonymous: denyFirst(anonymous),
    patterns: denyFirst(patterns),
  };
  return { isValid: true, value: acl };
}

/** The first word is an access only if more text follows, so a topic may be named `read`; after it a topic may hold blanks. */
function parseRule(isPattern: boolean, rest: string, line: number, text: string): AclRule | string {
  const split = splitWord(rest);
  const hasAccess = split.rest !== "";
  const access = hasAccess ? split.word : "readwrite";
  const topicFilter = hasAccess ? split.rest : split.word;
  if (topicFilter === "") return "Must be followed by a topic";
  if (!ACCESSES.includes(access)) {
    return `Must have read, write, readwrite or deny before the topic, has "${access}"`;
  }
  if (!isTopicFilter(topicFilter) || isSharedFilter(topicFilter)) {
    return `Must have a Topic Filter, has "${topicFilter}"`;
  }
  if (isPattern && topicFilter.split("/").some((level) => /.%[cu]|%[cu]./.test(level))) {
    // Some versions of mosquitto replace it at that place, others do not.
    return `%c and %u must each be a whole level, as in a/%c/b; is "${topicFilter}"`;
  }
  return { access: access as AclAccess, topicFilter, isPattern, line, text };
}

/** The first word and the rest. Blanks between the two are removed, blanks within the rest are kept. */
function splitWord(text: string): { word: string; rest: string } {
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/su.exec(text) ?? [];
  return { word, rest };
}

function denyFirst(rules: readonly AclRule[]): AclRules {
  return [
    ...rules.filter((rule) => rule.access === "deny"),
    ...rules.filter((rule) => rule.access !== "deny"),
  ];
}
