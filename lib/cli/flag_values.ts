import { messageOf } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/** The flags of a command. */
export interface ClientFlags {
  /** Flags with a value. */
  readonly text: ReadonlyMap<string, string>;
  /** Boolean flags that were given. */
  readonly on: ReadonlySet<string>;
  /** `-t`, in order. */
  readonly topics: readonly string[];
  /** `-D`, in order. */
  readonly properties: readonly string[];
  /** `-T`, in order. */
  readonly filtersOut: readonly string[];
  /** `-U`, in order. */
  readonly unsubscribed: readonly string[];
}

/** The whole number of a flag, or its default. Throws a `UsageError`. */
export function integer(
  { text }: ClientFlags,
  name: string,
  standard: number,
  min: number,
  max: number,
): number {
  const given = text.get(name);
  if (given === undefined) return standard;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    throw new UsageError(`--${name}: Must be a whole number from ${min} to ${max}, is "${given}"`);
  }
  return value;
}

/** The bytes of the file that a flag names. Throws an error that names flag and file. */
export function readFileOf({ text }: ClientFlags, name: string): Uint8Array<ArrayBuffer> {
  const path = text.get(name)!;
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new Error(`--${name}: Cannot read ${path}: ${messageOf(error)}`);
  }
}

/** The same as text. */
export function readTextOf(flags: ClientFlags, name: string): string {
  return new TextDecoder().decode(readFileOf(flags, name));
}
