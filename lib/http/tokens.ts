import type { Role } from "./role.ts";
import { hashOf } from "./sessions.ts";

/** The fewest characters of a token. */
const MIN_LENGTH = 16;

/** Tokens of programs: what each may, by the token's hash. */
export class Tokens {
  readonly #roles: ReadonlyMap<string, Role>;

  private constructor(roles: ReadonlyMap<string, Role>) {
    this.#roles = roles;
  }

  /** Reads lines of `admin TOKEN` and `viewer TOKEN`; throws where one is neither, with its number and never with its text. */
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

  /** What the holder may; `undefined`: there is no such token. */
  async roleOf(token: string): Promise<Role | undefined> {
    return this.#roles.get(await hashOf(token));
  }
}
