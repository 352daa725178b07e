import type { Role } from "./role.ts";

/** Who has logged in. */
export interface Session {
  /** The user. */
  readonly userName: string;
  /** What the user may. */
  readonly role: Role;
  /** Of access control when the user logged in: where that changes, passwords may have. */
  readonly accessVersion: number;
  /** When it ends, milliseconds. */
  expiresAtMs: number;
}

/** How long a session lives without a request, milliseconds. */
const SESSION_MS = 12 * 3600 * 1000;
/** Sessions that there may be at once: the oldest goes. */
const MAX_SESSIONS = 1000;

/** Sessions of those who have logged in, in memory only: by the hash of what their cookie holds. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Begins one; returns what the cookie is to hold. */
  async begin(
    userName: string,
    role: Role,
    accessVersion: number,
    nowMs: number,
  ): Promise<string> {
    const secret = hex(crypto.getRandomValues(new Uint8Array(32)));
    for (const [key, { expiresAtMs }] of this.#sessions) {
      if (expiresAtMs <= nowMs || this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(key);
    }
    const expiresAtMs = nowMs + SESSION_MS;
    this.#sessions.set(await hashOf(secret), { userName, role, accessVersion, expiresAtMs });
    return secret;
  }

  /** Whose cookie this is; it lives on from now. */
  async find(secret: string, accessVersion: number, nowMs: number): Promise<Session | undefined> {
    const key = await hashOf(secret);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (session.expiresAtMs <= nowMs || session.accessVersion !== accessVersion) {
      this.#sessions.delete(key);
      return undefined;
    }
    session.expiresAtMs = nowMs + SESSION_MS;
    return session;
  }

  /** Ends one. */
  async end(secret: string): Promise<void> {
    this.#sessions.delete(await hashOf(secret));
  }
}

/** SHA-256 in hexadecimal: looked up by it, so that the time of a look-up tells nothing of a secret. */
export async function hashOf(secret: string): Promise<string> {
  const bytes = new TextEncoder().encode(secret);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
