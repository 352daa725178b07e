import { isTopicFilter } from "../../topic/mod.ts";
import type { Loaded } from "../password_file.ts";
import { parsePasswordHash } from "../password_hash.ts";
import {
  ACL_TYPES,
  type AclType,
  byRank,
  DEFAULT_TYPES,
  type DefaultType,
  type Described,
  type DynamicAcl,
  type DynamicClient,
  type DynamicDocument,
  type DynamicGroup,
  type DynamicPassword,
  type DynamicRole,
  NO_PRIORITY,
  type Ranked,
  sortAcls,
} from "./document.ts";
import {
  booleanField,
  field,
  FieldError,
  isObject,
  type JsonObject,
  listField,
  nameField,
  numberField,
  textField,
} from "./fields.ts";

/**
 * Understands a file of mosquitto's plugin. mosquitto leaves out what it does not understand; here it is an error, since the rule that
 * is left out may be the one that denies.
 */
export function parseDynamicFile(path: string, text: string): Loaded<DynamicDocument> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { isValid: false, problems: [`${path}: Is not JSON: ${reason}`] };
  }
  const reader = new Reader(path);
  const value = reader.read(json);
  return reader.problems.length > 0
    ? { isValid: false, problems: reader.problems }
    : { isValid: true, value };
}

/** The type of a rule, whatever its case; `undefined`: there is no such type. */
export function aclTypeOf(text: string): AclType | undefined {
  return ACL_TYPES.find((type) => type.toLowerCase() === text.toLowerCase());
}

/** What there is a default for, whatever its case; `undefined`: there is no such default. */
export function defaultTypeOf(text: string): DefaultType | undefined {
  return DEFAULT_TYPES.find((type) => type.toLowerCase() === text.toLowerCase());
}

/** A rule as a file and a command have it. */
export function parseAcl(json: JsonObject): DynamicAcl {
  const text = nameField(json, "acltype");
  const type = aclTypeOf(text);
  if (type === undefined) throw new FieldError(`Unknown acltype "${text}"`);
  const topic = nameField(json, "topic");
  if (!isTopicFilter(topic)) throw new FieldError(`"${topic}" is not a Topic Filter`);
  return {
    type,
    topic,
    priority: numberField(json, "priority", 0),
    isAllowed: booleanField(json, "allow", false),
  };
}

/** Text for people, as a file and a command have it. */
export function parseDescription(json: JsonObject): Described {
  const textName = textField(json, "textname");
  const textDescription = textField(json, "textdescription");
  return {
    ...textName === undefined ? {} : { textName },
    ...textDescription === undefined ? {} : { textDescription },
  };
}

/** Names with their priorities, sorted; `undefined`: there is no such list. */
export function parseRanked(
  json: JsonObject,
  list: string,
  name: string,
): readonly Ranked[] | undefined {
  const found = new Map<string, Ranked>();
  const entries = listField(json, list);
  if (entries === undefined) return undefined;
  for (const entry of entries) {
    const ranked = {
      name: nameField(entry, name),
      priority: numberField(entry, "priority", NO_PRIORITY),
    };
    // The first counts, as in mosquitto.
    if (!found.has(ranked.name)) found.set(ranked.name, ranked);
  }
  return [...found.values()].sort(byRank);
}

/** Rules, sorted, each topic once for each type; `undefined`: there is no such list. */
export function parseAcls(json: JsonObject): readonly DynamicAcl[] | undefined {
  const entries = listField(json, "acls");
  if (entries === undefined) return undefined;
  const found = new Map<string, DynamicAcl>();
  for (const entry of entries) {
    const acl = parseAcl(entry);
    const key = `${acl.type} ${acl.topic}`;
    if (!found.has(key)) found.set(key, acl);
  }
  return sortAcls([...found.values()]);
}

/** Reads a file, and gathers all that is wrong with it. */
class Reader {
  readonly problems: string[] = [];
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(json: unknown): DynamicDocument {
    const root = isObject(json) ? json : {};
    if (!isObject(json)) this.problems.push(`${this.#path}: Must be an object`);
    const document: DynamicDocument = {
      defaultAccess: this.#defaultAccess(field(root, "defaultACLAccess")),
      roles: this.#named(root, "roles", "rolename", parseRole),
      clients: this.#named(root, "clients", "username", readClient),
      groups: this.#named(root, "groups", "groupname", readGroup),
      ...this.#anonymousGroup(root),
    };
    this.#checkNames(document);
    return document;
  }

  #defaultAccess(json: unknown): Record<DefaultType, boolean> {
    const access = isObject(json) ? json : {};
    const entries = DEFAULT_TYPES.map((type) => [
      type,
      this.#try(`defaultACLAccess`, () => booleanField(access, type, false)) ?? false,
    ]);
    return Object.fromEntries(entries);
  }

  #anonymousGroup(root: JsonObject): { anonymousGroup?: string } {
    const name = this.#try("anonymousGroup", () => textField(root, "anonymousGroup"));
    return name === undefined || name === "" ? {} : { anonymousGroup: name };
  }

  #named<T>(
    root: JsonObject,
    list: string,
    nameKey: string,
    read: (json: JsonObject) => T,
  ): Map<string, T> {
    const found = new Map<string, T>();
    const entries = this.#try(list, () => listField(root, list)) ?? [];
    for (const [at, entry] of entries.entries()) {
      const name = this.#try(`${list}[${at}]`, () => nameField(entry, nameKey));
      if (name === undefined) continue;
      const place = `${list}[${at}] "${name}"`;
      if (found.has(name)) this.problems.push(`${this.#path}: ${place}: Is there twice`);
      const value = this.#try(place, () => read(entry));
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }

  /** Who is named must be there: else a rule that denies may be missing. */
  #checkNames({ clients, groups, roles, anonymousGroup }: DynamicDocument): void {
    if (this.problems.length > 0) return;
    const check = (place: string, named: readonly Ranked[], all: ReadonlyMap<string, unknown>) => {
      for (const { name } of named) {
        if (!all.has(name)) this.problems.push(`${this.#path}: ${place}: There is no "${name}"`);
      }
    };
    for (const [name, client] of clients) check(`clients "${name}": roles`, client.roles, roles);
    for (const [name, group] of groups) {
      check(`groups "${name}": roles`, group.roles, roles);
      check(`groups "${name}": clients`, group.clients, clients);
    }
    if (anonymousGroup !== undefined) {
      check("anonymousGroup", [{ name: anonymousGroup, priority: 0 }], groups);
    }
  }

  #try<T>(place: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      this.problems.push(`${this.#path}: ${place}: ${error.message}`);
      return undefined;
    }
  }
}

/** A role as a file and a command have it. */
export function parseRole(json: JsonObject): DynamicRole {
  return {
    ...parseDescription(json),
    acls: parseAcls(json) ?? [],
    allowsWildcards: booleanField(json, "allowwildcardsubs", true),
  };
}

function readGroup(json: JsonObject): DynamicGroup {
  return {
    ...parseDescription(json),
    roles: parseRanked(json, "roles", "rolename") ?? [],
    clients: parseRanked(json, "clients", "username") ?? [],
  };
}

function readClient(json: JsonObject): DynamicClient {
  const clientId = textField(json, "clientid");
  const password = readPassword(json);
  return {
    ...parseDescription(json),
    ...clientId === undefined || clientId === "" ? {} : { clientId },
    ...password === undefined ? {} : { password },
    isDisabled: booleanField(json, "disabled", false),
    roles: parseRanked(json, "roles", "rolename") ?? [],
  };
}

/** Three fields, or one as mosquitto 2.1 has it. */
function readPassword(json: JsonObject): DynamicPassword | undefined {
  const digest = textField(json, "password");
  const salt = textField(json, "salt");
  const iterations = numberField(json, "iterations", undefined);
  const isWhole = digest !== undefined && salt !== undefined && iterations !== undefined;
  const text = textField(json, "encoded_password") ??
    (isWhole ? `$7$${iterations}$${salt}$${digest}` : undefined);
  return text === undefined ? undefined : parsePassword(text);
}

/** A hash as text, understood. */
export function parsePassword(text: string): DynamicPassword {
  const parsed = parsePasswordHash(text);
  if ("problem" in parsed) throw new FieldError(`password: ${parsed.problem}`);
  const { hash } = parsed;
  if (hash.kind === "sha512") {
    throw new FieldError("password: Must be PBKDF2-HMAC-SHA512 or Argon2id");
  }
  return { text, hash };
}
