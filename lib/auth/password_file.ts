import { readEntries } from "./entry_file.ts";
import { parsePasswordHash, type PasswordHash } from "./password_hash.ts";

/** A user of a password file. */
export interface PasswordEntry {
  /** The hash as text. Where the text is different, the password counts as changed. */
  readonly text: string;
  /** The same, understood. */
  readonly hash: PasswordHash;
}

/** The users of a password file by name. */
export type PasswordUsers = ReadonlyMap<string, PasswordEntry>;

/** The parsed file, or all its faults: `FILE:LINE: message`. */
export type Loaded<T> =
  | { readonly isValid: true; readonly value: T }
  | { readonly isValid: false; readonly problems: readonly string[] };

/** Parses a password file: one `user:hash` a line, as mosquitto_passwd and `flux-mqtt passwd` write it. */
export function parsePasswordFile(path: string, text: string): Loaded<PasswordUsers> {
  const { entries, problems } = readEntries(path, text);
  const users = new Map<string, PasswordEntry>();
  for (const { name, value, line } of entries) {
    const parsed = parsePasswordHash(value);
    if ("problem" in parsed) problems.push(`${path}:${line}: ${name}: ${parsed.problem}`);
    else users.set(name, { text: value, hash: parsed.hash });
  }
  return problems.length > 0 ? { isValid: false, problems } : { isValid: true, value: users };
}
