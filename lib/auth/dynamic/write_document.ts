import {
  DEFAULT_TYPES,
  type Described,
  type DynamicAcl,
  type DynamicClient,
  type DynamicDocument,
  type DynamicGroup,
  type DynamicPassword,
  type DynamicRole,
  NO_PRIORITY,
  type Ranked,
} from "./document.ts";

/** The file's text, which mosquitto's plugin reads as well. */
export function writeDocument(document: DynamicDocument): string {
  const { defaultAccess, clients, groups, roles, anonymousGroup } = document;
  const json = {
    defaultACLAccess: Object.fromEntries(DEFAULT_TYPES.map((type) => [type, defaultAccess[type]])),
    clients: sorted(clients).map(([name, client]) => storedClient(name, client)),
    groups: sorted(groups).map(([name, group]) => storedGroup(name, group)),
    ...anonymousGroup === undefined ? {} : { anonymousGroup },
    roles: sorted(roles).map(([name, role]) => roleJson(name, role)),
  };
  return JSON.stringify(json, null, "\t") + "\n";
}

/** The entries by name. */
export function sorted<V>(map: ReadonlyMap<string, V>): [name: string, value: V][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** A role as files and answers have it. */
export function roleJson(rolename: string, role: DynamicRole): object {
  return {
    rolename,
    ...described(role),
    // mosquitto 2.0 does not know this: where it says nothing it is left out.
    ...role.allowsWildcards ? {} : { allowwildcardsubs: false },
    acls: role.acls.map(aclJson),
  };
}

/** A group as answers have it. */
export function groupJson(groupname: string, group: DynamicGroup): object {
  return {
    groupname,
    ...described(group),
    clients: group.clients.map(({ name }) => ({ username: name })),
    roles: group.roles.map((role) => rankedJson("rolename", role)),
  };
}

/** A client as answers have it. */
export function clientJson(
  username: string,
  client: DynamicClient,
  groups: readonly Ranked[] = [],
): object {
  return {
    ...clientHead(username, client),
    roles: client.roles.map((role) => rankedJson("rolename", role)),
    groups: groups.map((group) => rankedJson("groupname", group)),
  };
}

function storedClient(username: string, client: DynamicClient): object {
  const { password, roles } = client;
  return {
    ...clientHead(username, client),
    roles: roles.map((role) => rankedJson("rolename", role)),
    ...password === undefined ? {} : passwordJson(password),
  };
}

function passwordJson({ text, hash }: DynamicPassword): object {
  // As mosquitto 2.1 writes it; all versions read the three fields of the other.
  if (hash.kind === "argon2id") return { encoded_password: text };
  const { digest, salt, iterations } = hash;
  return { password: digest.toBase64(), salt: salt.toBase64(), iterations };
}

function storedGroup(groupname: string, group: DynamicGroup): object {
  return {
    groupname,
    ...described(group),
    roles: group.roles.map((role) => rankedJson("rolename", role)),
    clients: group.clients.map((client) => rankedJson("username", client)),
  };
}

function clientHead(username: string, client: DynamicClient): object {
  const { clientId, isDisabled } = client;
  return {
    username,
    ...clientId === undefined ? {} : { clientid: clientId },
    ...described(client),
    ...isDisabled ? { disabled: true } : {},
  };
}

function described({ textName, textDescription }: Described): object {
  return {
    ...textName === undefined ? {} : { textname: textName },
    ...textDescription === undefined ? {} : { textdescription: textDescription },
  };
}

function rankedJson(key: string, { name, priority }: Ranked): object {
  return { [key]: name, ...priority === NO_PRIORITY ? {} : { priority } };
}

function aclJson({ type, topic, priority, isAllowed }: DynamicAcl): object {
  return { acltype: type, topic, priority, allow: isAllowed };
}
