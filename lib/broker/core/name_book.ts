import type { Client } from "../state/connection.ts";

/** Bytes of names that every session may keep without being counted: names of the usual length. */
const FREE_BYTES = 256;

/**
 * Counts the bytes of the names (Client Identifier, user name, owner) of all sessions, because each may be up to 65,535 bytes long.
 */
export class NameBook {
  readonly #sizes = new Map<Client, number>();
  #bytes = 0;

  /** Bytes of names of all sessions, each less `FREE_BYTES`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counted bytes of one session's names. */
  of(client: Client): number {
    return this.#sizes.get(client) ?? 0;
  }

  /** Counts the names of a session that begins or has a new owner. */
  add(client: Client): void {
    const { session: { clientId }, identity: { userName }, owner, quotaKey } = client;
    const sizeBytes = beyondFree([clientId, userName, owner, quotaKey]);
    if (sizeBytes === 0) return;
    this.#sizes.set(client, sizeBytes);
    this.#bytes += sizeBytes;
  }

  /** Stops counting the names of a session that ends, or whose names will be added again. */
  remove(client: Client): void {
    const sizeBytes = this.#sizes.get(client);
    if (sizeBytes === undefined) return;
    this.#sizes.delete(client);
    this.#bytes -= sizeBytes;
  }
}

/** The bytes of names that are counted: those beyond `FREE_BYTES`. */
export function beyondFree(names: readonly (string | undefined)[]): number {
  const length = names.reduce((sum, name) => sum + (name?.length ?? 0), 0);
  return Math.max(0, length - FREE_BYTES);
}
