import type { Role } from "./role.ts";

/** The session of a user who has logged in. */
export interface Session {
  /** The user. */
  readonly userName: string;
  /** The user's rights. */
  readonly role: Role;
  /** The version of access control at log-in: when it changes, passwords may have changed. */
  readonly accessVersion: number;
  /** When it ends, milliseconds. */
  expiresAtMs: number;
}

/** How long a session lives without a request, milliseconds. */
const SESSION_MS = 12 * 3600 * 1000;
/** The most sessions at one time: a new one ends the oldest. */
const MAX_SESSIONS = 1000;

/** Sessions of users who have logged in. They are in memory only, by the hash of the cookie's secret. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Begins a session; returns the secret for the cookie. */
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

  /** Returns the session of a cookie, and extends its life. */
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

  /** Ends a session. */
  async end(secret: string): Promise<void> {
    this.#sessions.delete(await hashOf(secret));
  }
}

/** SHA-256 in hexadecimal. Look-ups use the hash, so that their timing tells nothing about a secret. */
export async function hashOf(secret: string): Promise<string> {
  const bytes = new TextEncoder().encode(secret);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
