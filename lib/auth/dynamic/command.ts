import {
  type DynamicDocument,
  type DynamicPassword,
  NO_PRIORITY,
  type Ranked,
  withEntry,
  withoutRanked,
  withRanked,
} from "./document.ts";
import { booleanField, FieldError, type JsonObject, nameField, numberField } from "./fields.ts";
import { sorted } from "./write_document.ts";

/** What a command works on. */
export interface CommandContext {
  /** What holds, with the changes of the commands before it in the same message. */
  readonly document: DynamicDocument;
  /** The addresses of the connections of a user. */
  readonly addressesOf: (userName: string) => readonly string[];
  /** Hashes a password. */
  readonly hash: (password: string) => Promise<DynamicPassword>;
  /** How often the document has changed since the start. */
  readonly changeIndex: number;
}

/** What a command has come to. */
export interface CommandResult {
  /** The document from now on; absent: it changes nothing. */
  readonly document?: DynamicDocument;
  /** What the answer tells. */
  readonly data?: object;
}

/** A command: its fields are in `json`. Throws a {@linkcode FieldError} with what the answer then says. */
export type Command = (
  context: CommandContext,
  json: JsonObject,
) => CommandResult | Promise<CommandResult>;

/** What a map has under a name, or a refusal. */
export function find<V>(map: ReadonlyMap<string, V>, name: string, what: string): V {
  const value = map.get(name);
  if (value === undefined) throw new FieldError(`${what} not found`);
  return value;
}

/** Refuses where the name is taken. */
export function refuseTaken(map: ReadonlyMap<string, unknown>, name: string, what: string): void {
  if (map.has(name)) throw new FieldError(`${what} already exists`);
}

/** Refuses where one of these is not there. */
export function checkNamed(
  named: readonly Ranked[],
  map: ReadonlyMap<string, unknown>,
  what: string,
): void {
  for (const { name } of named) find(map, name, what);
}

/** The entries with one of them changed. */
export function withChanged<V>(
  map: ReadonlyMap<string, V>,
  name: string,
  what: string,
  change: (value: V) => Partial<V>,
): Map<string, V> {
  const value = find(map, name, what);
  return withEntry(map, name, { ...value, ...change(value) });
}

/** The answer of a command that lists: the names, or with `verbose` what `jsonOf` makes of each. */
export function listed<V>(
  key: string,
  map: ReadonlyMap<string, V>,
  json: JsonObject,
  jsonOf: (name: string, value: V) => object,
): CommandResult {
  const count = numberField(json, "count", -1);
  const entries = page(sorted(map), count, numberField(json, "offset", 0));
  const list = booleanField(json, "verbose", false)
    ? entries.map(([name, value]) => jsonOf(name, value))
    : entries.map(([name]) => name);
  return { data: { totalCount: map.size, [key]: list } };
}

/** A client or a group: roles are added to both, and taken from both, in the same way. */
interface RoleHolder {
  readonly roles: readonly Ranked[];
}

/** What a command names whose roles are to change. */
type HolderName = "username" | "groupname";

/** The change that adds the role of a command; `taken`: what the answer says where it is there already. */
export function addingRole(
  { document }: CommandContext,
  json: JsonObject,
  holderName: HolderName,
  taken: string,
): (holder: RoleHolder) => RoleHolder {
  nameField(json, holderName); // What is missing first is told first, as by mosquitto.
  const name = nameField(json, "rolename");
  const priority = numberField(json, "priority", NO_PRIORITY);
  return ({ roles }) => {
    find(document.roles, name, "Role");
    if (roles.some((role) => role.name === name)) throw new FieldError(taken);
    return { roles: withRanked(roles, { name, priority }) };
  };
}

/** The change that takes the role of a command away. */
export function removingRole(
  { document }: CommandContext,
  json: JsonObject,
  holderName: HolderName,
): (holder: RoleHolder) => RoleHolder {
  nameField(json, holderName);
  const name = nameField(json, "rolename");
  return ({ roles }) => {
    find(document.roles, name, "Role");
    return { roles: withoutRanked(roles, name) };
  };
}

/** A part of a list: `count` of them from `offset` on; a negative count is all. */
function page<T>(list: readonly T[], count: number, offset: number): readonly T[] {
  const start = Math.max(0, offset);
  return count < 0 ? list.slice(start) : list.slice(start, start + count);
}
