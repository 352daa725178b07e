import type { PasswordHash } from "../password_hash.ts";

/** The types of rules, in the order in which mosquitto lists them. */
export const ACL_TYPES: readonly AclType[] = [
  "publishClientSend",
  "publishClientReceive",
  "subscribeLiteral",
  "subscribePattern",
  "unsubscribeLiteral",
  "unsubscribePattern",
];

/** What a rule is about. `Literal`: the filter itself; `Pattern`: every filter that it covers. */
export type AclType =
  | "publishClientSend"
  | "publishClientReceive"
  | "subscribeLiteral"
  | "subscribePattern"
  | "unsubscribeLiteral"
  | "unsubscribePattern";

/** The defaults, in the order in which mosquitto lists them. */
export const DEFAULT_TYPES: readonly DefaultType[] = [
  "publishClientSend",
  "publishClientReceive",
  "subscribe",
  "unsubscribe",
];

/** What there is a default for. */
export type DefaultType =
  | "publishClientSend"
  | "publishClientReceive"
  | "subscribe"
  | "unsubscribe";

/** A rule of a role. */
export interface DynamicAcl {
  /** What it is about. */
  readonly type: AclType;
  /** A Topic Filter, in which `%c` and `%u` as whole levels stand for the Client Identifier and the user name. */
  readonly topic: string;
  /** The greater is asked first. */
  readonly priority: number;
  /** Whether it allows or denies. */
  readonly isAllowed: boolean;
}

/** A role, group or client as another one names it. */
export interface Ranked {
  /** Whom it names. */
  readonly name: string;
  /** The greater comes first; -1 where nobody has set it. */
  readonly priority: number;
}

/** What is said of an object for people. */
export interface Described {
  /** A short text. */
  readonly textName?: string | undefined;
  /** A longer one. */
  readonly textDescription?: string | undefined;
}

/** Rules with a name. */
export interface DynamicRole extends Described {
  /** As they are asked: by type, then by priority. */
  readonly acls: readonly DynamicAcl[];
  /** Whether it lets in filters with wildcards; mosquitto 2.1 writes this. */
  readonly allowsWildcards: boolean;
}

/** A user. Which groups it is in, the groups say. */
export interface DynamicClient extends Described {
  /** Absent: it cannot log in. */
  readonly password?: DynamicPassword | undefined;
  /** The only Client Identifier that it may have; absent: any. */
  readonly clientId?: string | undefined;
  /** It may not come in. */
  readonly isDisabled: boolean;
  /** As they are asked. */
  readonly roles: readonly Ranked[];
}

/** A password's hash. */
export interface DynamicPassword {
  /** `$7$...` of PBKDF2-HMAC-SHA512, or `$argon2id$...` of mosquitto 2.1. Another text is another password. */
  readonly text: string;
  /** The same, understood. */
  readonly hash: Extract<PasswordHash, { kind: "pbkdf2" | "argon2id" }>;
}

/** Users that share roles. */
export interface DynamicGroup extends Described {
  /** As they are asked. */
  readonly roles: readonly Ranked[];
  /** Their priority is that of the group for this client. */
  readonly clients: readonly Ranked[];
}

/** All of it. Data: who changes something makes another one. */
export interface DynamicDocument {
  /** What holds where no rule speaks of it. */
  readonly defaultAccess: Readonly<Record<DefaultType, boolean>>;
  /** By user name. */
  readonly clients: ReadonlyMap<string, DynamicClient>;
  /** By name. */
  readonly groups: ReadonlyMap<string, DynamicGroup>;
  /** By name. */
  readonly roles: ReadonlyMap<string, DynamicRole>;
  /** The group of clients without a user name. */
  readonly anonymousGroup?: string | undefined;
}

/** Topics of mosquitto's plugins, to which no default gives a right. */
export const CONTROL_PREFIX = "$CONTROL";
/** Where commands are published. */
export const CONTROL_TOPIC = "$CONTROL/dynamic-security/v1";
/** Where the answers are published. */
export const RESPONSE_TOPIC = `${CONTROL_TOPIC}/response`;
/** The priority of a role, group or client that was given none. */
export const NO_PRIORITY = -1;

/** A copy of the list with one more, in the order in which they are asked. */
export function withRanked(list: readonly Ranked[], added: Ranked): readonly Ranked[] {
  return [...list, added].sort(byRank);
}

/** A copy of the list without one. */
export function withoutRanked(list: readonly Ranked[], name: string): readonly Ranked[] {
  return list.filter((ranked) => ranked.name !== name);
}

/** The greater priority first, then by name. */
export function byRank(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Rules in the order in which they are asked: by type, the greater priority first, then as they came. */
export function sortAcls(acls: readonly DynamicAcl[]): readonly DynamicAcl[] {
  return [...acls].sort((a, b) =>
    ACL_TYPES.indexOf(a.type) - ACL_TYPES.indexOf(b.type) || b.priority - a.priority
  );
}

/** A copy of the map with one value more or another one. */
export function withEntry<V>(map: ReadonlyMap<string, V>, name: string, value: V): Map<string, V> {
  return new Map(map).set(name, value);
}

/** A copy of the map without one value. */
export function withoutEntry<V>(map: ReadonlyMap<string, V>, name: string): Map<string, V> {
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}

/** The groups of every client that is in one, as they are asked. */
export function groupsByClient(
  { groups }: Pick<DynamicDocument, "groups">,
): ReadonlyMap<string, readonly Ranked[]> {
  const found = new Map<string, Ranked[]>();
  for (const [name, { clients }] of groups) {
    for (const { name: userName, priority } of clients) {
      const ofClient = found.get(userName);
      if (ofClient === undefined) found.set(userName, [{ name, priority }]);
      else ofClient.push({ name, priority });
    }
  }
  for (const ofClient of found.values()) ofClient.sort(byRank);
  return found;
}
