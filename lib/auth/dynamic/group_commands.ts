import {
  addingRole,
  checkNamed,
  type Command,
  type CommandContext,
  type CommandResult,
  find,
  listed,
  refuseTaken,
  removingRole,
  withChanged,
} from "./command.ts";
import {
  type DynamicGroup,
  NO_PRIORITY,
  withEntry,
  withoutEntry,
  withoutRanked,
  withRanked,
} from "./document.ts";
import { FieldError, type JsonObject, nameField, numberField } from "./fields.ts";
import { parseDescription, parseRanked } from "./parse_document.ts";
import { groupJson } from "./write_document.ts";

/** The commands about groups. */
export const GROUP_COMMANDS: Readonly<Record<string, Command>> = {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  modifyGroup,
  addGroupClient,
  removeGroupClient,
  addGroupRole,
  removeGroupRole,
  setAnonymousGroup,
  getAnonymousGroup,
};

function createGroup({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "groupname");
  const roles = parseRanked(json, "roles", "rolename") ?? [];
  const clients = parseRanked(json, "clients", "username") ?? [];
  refuseTaken(document.groups, name, "Group");
  checkNamed(roles, document.roles, "Role");
  checkNamed(clients, document.clients, "Client");
  const group: DynamicGroup = { ...parseDescription(json), roles, clients };
  return { document: { ...document, groups: withEntry(document.groups, name, group) } };
}

function deleteGroup({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "groupname");
  find(document.groups, name, "Group");
  if (name === document.anonymousGroup) {
    throw new FieldError("Deleting the anonymous group is forbidden");
  }
  return { document: { ...document, groups: withoutEntry(document.groups, name) } };
}

function getGroup({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "groupname");
  return { data: { group: groupJson(name, find(document.groups, name, "Group")) } };
}

function listGroups({ document }: CommandContext, json: JsonObject): CommandResult {
  return listed("groups", document.groups, json, groupJson);
}

function modifyGroup(context: CommandContext, json: JsonObject): CommandResult {
  const { document } = context;
  const roles = parseRanked(json, "roles", "rolename");
  const clients = parseRanked(json, "clients", "username");
  return changeGroup(context, json, () => {
    checkNamed(roles ?? [], document.roles, "Role");
    checkNamed(clients ?? [], document.clients, "Client");
    return {
      ...parseDescription(json),
      ...roles === undefined ? {} : { roles },
      ...clients === undefined ? {} : { clients },
    };
  });
}

function addGroupClient(context: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "username");
  nameField(json, "groupname");
  const priority = numberField(json, "priority", NO_PRIORITY);
  find(context.document.clients, name, "Client");
  return changeGroup(context, json, ({ clients }) => {
    if (clients.some((client) => client.name === name)) {
      throw new FieldError("Client is already in this group");
    }
    return { clients: withRanked(clients, { name, priority }) };
  });
}

function removeGroupClient(context: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "username");
  nameField(json, "groupname");
  find(context.document.clients, name, "Client");
  return changeGroup(context, json, ({ clients }) => ({ clients: withoutRanked(clients, name) }));
}

function addGroupRole(context: CommandContext, json: JsonObject): CommandResult {
  return changeGroup(
    context,
    json,
    addingRole(context, json, "groupname", "Group is already in this role"),
  );
}

function removeGroupRole(context: CommandContext, json: JsonObject): CommandResult {
  return changeGroup(context, json, removingRole(context, json, "groupname"));
}

function setAnonymousGroup({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "groupname");
  find(document.groups, name, "Group");
  return { document: { ...document, anonymousGroup: name } };
}

function getAnonymousGroup({ document }: CommandContext): CommandResult {
  return { data: { group: { groupname: document.anonymousGroup ?? "" } } };
}

/** The document with one group changed. */
function changeGroup(
  { document }: CommandContext,
  json: JsonObject,
  change: (group: DynamicGroup) => Partial<DynamicGroup>,
): CommandResult {
  const groups = withChanged(document.groups, nameField(json, "groupname"), "Group", change);
  return { document: { ...document, groups } };
}
