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
  type DynamicClient,
  type DynamicDocument,
  type DynamicGroup,
  groupsByClient,
  type Ranked,
  withEntry,
  withoutEntry,
  withoutRanked,
  withRanked,
} from "./document.ts";
import { booleanField, FieldError, type JsonObject, nameField, textField } from "./fields.ts";
import { parseDescription, parseRanked } from "./parse_document.ts";
import { clientJson } from "./write_document.ts";

/** The commands about clients. */
export const CLIENT_COMMANDS: Readonly<Record<string, Command>> = {
  createClient,
  deleteClient,
  getClient,
  listClients,
  modifyClient,
  setClientPassword,
  setClientId,
  addClientRole,
  removeClientRole,
  enableClient: (context, json) => changeClient(context, json, () => ({ isDisabled: false })),
  disableClient: (context, json) => changeClient(context, json, () => ({ isDisabled: true })),
};

async function createClient(context: CommandContext, json: JsonObject): Promise<CommandResult> {
  const { document } = context;
  const name = nameField(json, "username");
  const given = textField(json, "password");
  const clientId = textField(json, "clientid");
  const roles = parseRanked(json, "roles", "rolename") ?? [];
  const groups = parseRanked(json, "groups", "groupname") ?? [];
  refuseTaken(document.clients, name, "Client");
  checkNamed(roles, document.roles, "Role");
  checkNamed(groups, document.groups, "Group");
  const client: DynamicClient = {
    ...parseDescription(json),
    ...given === undefined || given === "" ? {} : { password: await context.hash(given) },
    ...clientId === undefined || clientId === "" ? {} : { clientId },
    isDisabled: booleanField(json, "disabled", false),
    roles,
  };
  const clients = withEntry(document.clients, name, client);
  return { document: inGroups({ ...document, clients }, name, groups) };
}

function deleteClient({ document }: CommandContext, json: JsonObject): CommandResult {
  const name = nameField(json, "username");
  find(document.clients, name, "Client");
  const clients = withoutEntry(document.clients, name);
  return { document: inGroups({ ...document, clients }, name, []) };
}

function getClient(context: CommandContext, json: JsonObject): CommandResult {
  const { document } = context;
  const name = nameField(json, "username");
  const client = find(document.clients, name, "Client");
  const groups = groupsByClient(document).get(name);
  return { data: { client: withConnections(context, name, clientJson(name, client, groups)) } };
}

function listClients(context: CommandContext, json: JsonObject): CommandResult {
  const { document } = context;
  const groups = groupsByClient(document);
  return listed(
    "clients",
    document.clients,
    json,
    (name, client) => withConnections(context, name, clientJson(name, client, groups.get(name))),
  );
}

function withConnections({ addressesOf }: CommandContext, name: string, json: object): object {
  return { ...json, connections: addressesOf(name).map((address) => ({ address })) };
}

async function modifyClient(context: CommandContext, json: JsonObject): Promise<CommandResult> {
  const { document } = context;
  const name = nameField(json, "username");
  const client = find(document.clients, name, "Client");
  const given = textField(json, "password");
  const clientId = textField(json, "clientid");
  const roles = parseRanked(json, "roles", "rolename");
  const groups = parseRanked(json, "groups", "groupname");
  checkNamed(roles ?? [], document.roles, "Role");
  checkNamed(groups ?? [], document.groups, "Group");
  const changed: DynamicClient = {
    ...client,
    ...parseDescription(json),
    ...given === undefined || given === "" ? {} : { password: await context.hash(given) },
    ...clientId === undefined ? {} : { clientId: clientId === "" ? undefined : clientId },
    ...roles === undefined ? {} : { roles },
  };
  const whole = { ...document, clients: withEntry(document.clients, name, changed) };
  return { document: groups === undefined ? whole : inGroups(whole, name, groups) };
}

async function setClientPassword(
  context: CommandContext,
  json: JsonObject,
): Promise<CommandResult> {
  const { document } = context;
  const name = nameField(json, "username");
  const given = textField(json, "password");
  if (given === undefined) throw new FieldError("Invalid/missing password");
  if (given === "") throw new FieldError("Empty password is not allowed");
  const client = find(document.clients, name, "Client");
  const password = await context.hash(given);
  const clients = withEntry(document.clients, name, { ...client, password });
  return { document: { ...document, clients } };
}

function setClientId(context: CommandContext, json: JsonObject): CommandResult {
  const clientId = textField(json, "clientid");
  return changeClient(context, json, () => ({ clientId: clientId === "" ? undefined : clientId }));
}

function addClientRole(context: CommandContext, json: JsonObject): CommandResult {
  const change = addingRole(context, json, "username", "Client already has this role");
  return changeClient(context, json, change);
}

function removeClientRole(context: CommandContext, json: JsonObject): CommandResult {
  return changeClient(context, json, removingRole(context, json, "username"));
}

/** The document with one client changed. */
function changeClient(
  { document }: CommandContext,
  json: JsonObject,
  change: (client: DynamicClient) => Partial<DynamicClient>,
): CommandResult {
  const clients = withChanged(document.clients, nameField(json, "username"), "Client", change);
  return { document: { ...document, clients } };
}

/** The document with a client in these groups and in no others. */
function inGroups(
  document: DynamicDocument,
  userName: string,
  wanted: readonly Ranked[],
): DynamicDocument {
  const groups = new Map<string, DynamicGroup>();
  for (const [name, group] of document.groups) {
    const others = withoutRanked(group.clients, userName);
    const ranked = wanted.find((one) => one.name === name);
    const clients = ranked === undefined
      ? others
      : withRanked(others, { name: userName, priority: ranked.priority });
    groups.set(name, { ...group, clients });
  }
  return { ...document, groups };
}
