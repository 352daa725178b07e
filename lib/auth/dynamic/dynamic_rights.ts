import type { ClientIdentity } from "../../broker/mod.ts";
import { topicMatches } from "../../topic/mod.ts";
import { isPlainName } from "../client_rights.ts";
import {
  type AclType,
  CONTROL_PREFIX,
  type DefaultType,
  type DynamicAcl,
  type DynamicDocument,
  type DynamicRole,
  groupsByClient,
  type Ranked,
} from "./document.ts";
import { filterCovers } from "./filter_covers.ts";

/** Whether something is allowed, and why. */
export interface DynamicDecision {
  readonly isAllowed: boolean;
  /** The role whose rule decides; absent: none does. */
  readonly roleName?: string;
  /** The rule; absent: the role lets in no wildcards, or the default decides. */
  readonly acl?: DynamicAcl;
}

/** Who asks: its names stand in the place of `%c` and `%u`. */
export type Names = Pick<ClientIdentity, "clientId" | "userName">;

/** The rules of a role by type. */
interface RoleRules {
  readonly roleName: string;
  readonly role: DynamicRole;
  readonly byType: ReadonlyMap<AclType, readonly DynamicAcl[]>;
  /** The literal ones by their topic. */
  readonly literal: ReadonlyMap<string, DynamicAcl>;
}

const NO_RULES: readonly DynamicAcl[] = [];

/**
 * What a document says of everybody. A client's own roles are asked first, then its groups, then the roles of these, each by priority; in
 * a role its rules by priority; the first that speaks of the topic decides. Else the default does, but never for `$CONTROL`.
 */
export class DynamicRights {
  readonly #document: DynamicDocument;
  readonly #groups: ReadonlyMap<string, readonly Ranked[]>;
  readonly #rules = new Map<string, RoleRules>();
  /** By user name, `""` for those without one; the roles in the order in which they are asked. */
  readonly #roles = new Map<string, readonly RoleRules[]>();

  constructor(document: DynamicDocument) {
    this.#document = document;
    this.#groups = groupsByClient(document);
    for (const [roleName, role] of document.roles) {
      this.#rules.set(roleName, rulesOf(roleName, role));
    }
  }

  /** Whether the client may publish there. */
  decideSend(names: Names, topicName: string): DynamicDecision {
    return this.#decideTopic(names, "publishClientSend", topicName);
  }

  /** Whether the client may get what is published there. */
  decideReceive(names: Names, topicName: string): DynamicDecision {
    return this.#decideTopic(names, "publishClientReceive", topicName);
  }

  /** Whether the client may subscribe to it. */
  decideSubscribe(names: Names, topicFilter: string): DynamicDecision {
    const hasWildcards = !isPlainName(topicFilter.replaceAll("/", ""));
    for (const rules of this.#rolesOf(names)) {
      if (hasWildcards && !rules.role.allowsWildcards) {
        return { isAllowed: false, roleName: rules.roleName };
      }
      const acl = findFilter(rules, "subscribe", topicFilter, names);
      if (acl !== undefined) return { isAllowed: acl.isAllowed, roleName: rules.roleName, acl };
    }
    return this.#default(names, "subscribe", topicFilter);
  }

  /** Whether the client may end a subscription to it. */
  decideUnsubscribe(names: Names, topicFilter: string): DynamicDecision {
    for (const rules of this.#rolesOf(names)) {
      const acl = findFilter(rules, "unsubscribe", topicFilter, names);
      if (acl !== undefined) return { isAllowed: acl.isAllowed, roleName: rules.roleName, acl };
    }
    return this.#default(names, "unsubscribe", topicFilter);
  }

  /** The most rules that a question looks at. */
  mostRules(): number {
    let most = 0;
    for (const [userName] of [...this.#document.clients, [""] as const]) {
      const roles = this.#rolesOf({ userName, clientId: "" });
      most = Math.max(most, roles.reduce((sum, { role }) => sum + role.acls.length, 0));
    }
    return most;
  }

  #decideTopic(names: Names, type: AclType & DefaultType, topicName: string): DynamicDecision {
    for (const { roleName, byType } of this.#rolesOf(names)) {
      for (const acl of byType.get(type) ?? NO_RULES) {
        const topicFilter = bind(acl, names);
        if (topicFilter === undefined || !topicMatches(topicFilter, topicName)) continue;
        return { isAllowed: acl.isAllowed, roleName, acl };
      }
    }
    return this.#default(names, type, topicName);
  }

  #default({ userName }: Names, type: DefaultType, topic: string): DynamicDecision {
    // Who is not in the document has no rights by it.
    const isKnown = isNobody(userName) || this.#document.clients.has(userName);
    const isAllowed = isKnown && this.#document.defaultAccess[type] &&
      !topic.startsWith(CONTROL_PREFIX);
    return { isAllowed };
  }

  #rolesOf({ userName = "" }: Names): readonly RoleRules[] {
    let roles = this.#roles.get(userName);
    if (roles !== undefined) return roles;
    const { clients, groups, anonymousGroup } = this.#document;
    const client = clients.get(userName);
    const ofGroup = (name: string) => groups.get(name)?.roles ?? [];
    const ranked = userName === ""
      ? anonymousGroup === undefined ? [] : ofGroup(anonymousGroup)
      : client === undefined
      ? []
      : [
        ...client.roles,
        ...(this.#groups.get(userName) ?? []).flatMap(({ name }) => ofGroup(name)),
      ];
    // A role that was asked and said nothing says nothing the second time.
    const names = [...new Set(ranked.map(({ name }) => name))];
    roles = names.map((name) => this.#rules.get(name)!);
    // Strangers' names are not remembered: they make them up as they like.
    if (userName === "" || client !== undefined) this.#roles.set(userName, roles);
    return roles;
  }
}

/** Whether it is no user name; an empty one is none. */
export function isNobody(userName: string | undefined): userName is undefined | "" {
  return userName === undefined || userName === "";
}

function rulesOf(roleName: string, role: DynamicRole): RoleRules {
  const byType = new Map<AclType, DynamicAcl[]>();
  const literal = new Map<string, DynamicAcl>();
  for (const acl of role.acls) {
    const rules = byType.get(acl.type);
    if (rules === undefined) byType.set(acl.type, [acl]);
    else rules.push(acl);
    if (acl.type.endsWith("Literal")) literal.set(`${acl.type} ${acl.topic}`, acl);
  }
  return { roleName, role, byType, literal };
}

/** A literal rule comes before patterns, whatever their priorities. */
function findFilter(
  { byType, literal }: RoleRules,
  act: "subscribe" | "unsubscribe",
  topicFilter: string,
  names: Names,
): DynamicAcl | undefined {
  const exact = literal.get(`${act}Literal ${topicFilter}`);
  if (exact !== undefined) return exact;
  for (const acl of byType.get(`${act}Pattern`) ?? NO_RULES) {
    const pattern = bind(acl, names);
    if (pattern !== undefined && filterCovers(pattern, topicFilter)) return acl;
  }
  return undefined;
}

/**
 * The rule's filter for this client; `undefined`: it is not about this client. A name that would be a wildcard or further levels gets no
 * right by it, and loses every one that such a rule denies.
 */
function bind({ topic, isAllowed }: DynamicAcl, names: Names): string | undefined {
  if (!topic.includes("%")) return topic;
  const levels: string[] = [];
  for (const level of topic.split("/")) {
    if (level !== "%c" && level !== "%u") {
      levels.push(level);
      continue;
    }
    const name = level === "%c" ? names.clientId : names.userName ?? "";
    if (name !== "" && isPlainName(name)) levels.push(name);
    else if (isAllowed) return undefined;
    else levels.push("+");
  }
  const topicFilter = levels.join("/");
  // A client that calls itself $SYS does not own that tree.
  const isRaised = topicFilter.startsWith("$") && !topic.startsWith("$");
  return isRaised && isAllowed ? undefined : topicFilter;
}
