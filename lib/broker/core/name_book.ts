import type { Client } from "../state/connection.ts";

/** What every session may keep without being counted, bytes: names as devices and people have them. */
const FREE_BYTES = 256;

/** The names of all sessions (Client Identifier, user name, owner) and their bytes: each may be as long as text can be. */
export class NameBook {
  readonly #sizes = new Map<Client, number>();
  #bytes = 0;

  /** Bytes of all, without what each may keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What one session's take. */
  of(client: Client): number {
    return this.#sizes.get(client) ?? 0;
  }

  /** The session begins, or belongs to somebody else from here on. */
  add(client: Client): void {
    const { session: { clientId }, identity: { userName }, owner, quotaKey } = client;
    const sizeBytes = beyondFree([clientId, userName, owner, quotaKey]);
    if (sizeBytes === 0) return;
    this.#sizes.set(client, sizeBytes);
    this.#bytes += sizeBytes;
  }

  /** It is over, or is added anew. */
  remove(client: Client): void {
    const sizeBytes = this.#sizes.get(client);
    if (sizeBytes === undefined) return;
    this.#sizes.delete(client);
    this.#bytes -= sizeBytes;
  }
}

/** What names count for. */
export function beyondFree(names: readonly (string | undefined)[]): number {
  const length = names.reduce((sum, name) => sum + (name?.length ?? 0), 0);
  return Math.max(0, length - FREE_BYTES);
}
