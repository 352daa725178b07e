import {
  type Command,
  type CommandContext,
  type CommandResult,
  find,
  listed,
  refuseTaken,
  withChanged,
} from "./command.ts";
import {
  DEFAULT_TYPES,
  type DefaultType,
  type DynamicRole,
  type Ranked,
  sortAcls,
  withEntry,
  withoutEntry,
  withoutRanked,
} from "./document.ts";
import {
  booleanField,
  FieldError,
  type JsonObject,
  listField,
  nameField,
  textField,
} from "./fields.ts";
import {
  aclTypeOf,
  defaultTypeOf,
  parseAcl,
  parseAcls,
  parseDescription,
  parseRole,
} from "./parse_document.ts";
import { roleJson } from "./write_document.ts";

/** The commands about roles, and those about everything. */
export const ROLE_COMMANDS: Readonly<Record<string, Command>> = {
  createRole,
  deleteRole,
  getRole,
  listRoles,
  modifyRole,
  addRoleACL,
  removeRoleACL,
  setDefaultACLAccess,
  getDefaultACLAccess,
  getDetails,
};

function createRole({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "rolename");
  refuseTaken(document.roles, name, "Role");
  const roles = withEntry(document.roles, name, parseRole(json));
  return { document: { ...document, roles } };
}

function deleteRole({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "rolename");
  find(document.roles, name, "Role");
  return {
    document: {
      ...document,
      roles: withoutEntry(document.roles, name),
      clients: withoutRole(document.clients, name),
      groups: withoutRole(document.groups, name),
    },
  };
}

function withoutRole<H extends { readonly roles: readonly Ranked[] }>(
  holders: ReadonlyMap<string, H>,
  name: string,
): Map<string, H> {
  return new Map(
    [...holders].map(([holder, value]) => [
      holder,
      { ...value, roles: withoutRanked(value.roles, name) },
    ]),
  );
}

function getRole({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "rolename");
  return { data: { role: roleJson(name, find(document.roles, name, "Role")) } };
}

function listRoles({ document }: CommandContext, json: JsonObject): CommandResult {
  return listed("roles", document.roles, json, roleJson);
}

function modifyRole(context: CommandContext, json: JsonObject): CommandResult {
  const acls = parseAcls(json);
  // So says mosquitto, of this command alone.
  if (!context.document.roles.has(nameField(json, "rolename"))) {
    throw new FieldError("Role does not exist");
  }
  return changeRole(context, json, ({ allowsWildcards }) => ({
    ...parseDescription(json),
    ...acls === undefined ? {} : { acls },
    allowsWildcards: booleanField(json, "allowwildcardsubs", allowsWildcards),
  }));
}

function addRoleACL(context: CommandContext, json: JsonObject): CommandResult {
  return changeRole(context, json, ({ acls }) => {
    const added = parseAcl(json);
    if (acls.some(({ type, topic }) => type === added.type && topic === added.topic)) {
      throw new FieldError("ACL with this topic already exists");
    }
    return { acls: sortAcls([...acls, added]) };
  });
}

function removeRoleACL(context: CommandContext, json: JsonObject): CommandResult {
  return changeRole(context, json, ({ acls }) => {
    const removed = parseAcl(json);
    const left = acls.filter(({ type, topic }) => type !== removed.type || topic !== removed.topic);
    if (left.length === acls.length) throw new FieldError("ACL not found");
    return { acls: left };
  });
}

/** The document with one role changed. */
function changeRole(
  { document }: CommandContext,
  json: JsonObject,
  change: (role: DynamicRole) => Partial<DynamicRole>,
): CommandResult {
  const roles = withChanged(document.roles, nameField(json, "rolename"), "Role", change);
  return { document: { ...document, roles } };
}

function setDefaultACLAccess({ document }: CommandContext, json: JsonObject): CommandResult {
  const entries = listField(json, "acls");
  if (entries === undefined) throw new FieldError("Missing/invalid actions array");
  const defaultAccess: Record<DefaultType, boolean> = { ...document.defaultAccess };
  for (const entry of entries) {
    const text = nameField(entry, "acltype");
    const type = defaultTypeOf(text);
    if (type === undefined) {
      const hint = aclTypeOf(text) === undefined ? "" : `; use ${DEFAULT_TYPES.join(", ")}`;
      throw new FieldError(`Unknown acltype "${text}"${hint}`);
    }
    defaultAccess[type] = booleanField(entry, "allow", undefined) ?? accessOf(entry);
  }
  return { document: { ...document, defaultAccess } };
}

/** mosquitto_ctrl of 2.0 says it in words, which mosquitto then passes over in silence. */
function accessOf(entry: JsonObject): boolean {
  const word = textField(entry, "access");
  if (word === "allow") return true;
  if (word === "deny") return false;
  throw new FieldError("Invalid/missing allow");
}

function getDefaultACLAccess({ document }: CommandContext): CommandResult {
  const acls = DEFAULT_TYPES.map((type) => ({
    acltype: type,
    allow: document.defaultAccess[type],
  }));
  return { data: { acls } };
}

function getDetails({ document, changeIndex }: CommandContext): CommandResult {
  const { clients, groups, roles } = document;
  return {
    data: {
      clientCount: clients.size,
      groupCount: groups.size,
      roleCount: roles.size,
      changeIndex,
    },
  };
}
