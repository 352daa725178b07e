import type { DynamicDocument, DynamicPassword, Ranked } from "./document.ts";
import { FieldError, type JsonObject } from "./fields.ts";

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

/** A part of a list: `count` of them from `offset` on; a negative count is all. */
export function page<T>(list: readonly T[], count: number, offset: number): readonly T[] {
  const start = Math.max(0, offset);
  return count < 0 ? list.slice(start) : list.slice(start, start + count);
}
