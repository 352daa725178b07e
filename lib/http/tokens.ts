import type { Role } from "./role.ts";
import { hashOf } from "./sessions.ts";

/** The least length of a token. */
const MIN_LENGTH = 16;

/** The tokens of programs: the role of each by the token's hash. */
export class Tokens {
  readonly #roles: ReadonlyMap<string, Role>;

  private constructor(roles: ReadonlyMap<string, Role>) {
    this.#roles = roles;
  }

  /** Reads lines of `admin TOKEN` and `viewer TOKEN`. Throws if a line is invalid, with its number but never its text. */
  static async parse(text: string): Promise<Tokens> {
    const roles = new Map<string, Role>();
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("#")) continue;
      const [role = "", token = "", ...rest] = trimmed.split(/\s+/);
      const isRole = role === "admin" || role === "viewer";
      if (!isRole || token.length < MIN_LENGTH || rest.length > 0) {
        throw new Error(
          `Line ${
            index + 1
          } must be \`admin TOKEN\` or \`viewer TOKEN\`, with ${MIN_LENGTH} characters at least`,
        );
      }
      roles.set(await hashOf(token), role);
    }
    return new Tokens(roles);
  }

  /** The role of the token's holder; `undefined` if there is no such token. */
  async roleOf(token: string): Promise<Role | undefined> {
    return this.#roles.get(await hashOf(token));
  }
}
