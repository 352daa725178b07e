import type { IncomingAliases } from "../../session/mod.ts";

/** Topic bytes that every connection may keep without being counted: about ten topics of the usual length. */
const FREE_BYTES = 4096;

/**
 * Counts the bytes of the topics that clients have given Topic Aliases to, because each of these may be up to 65,535 bytes long.
 */
export class AliasBook {
  readonly #sizes = new Map<IncomingAliases, number>();
  #bytes = 0;

  /** Topic bytes of all connections, each less `FREE_BYTES`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives the alias to this topic; `false`, with nothing changed, where the counted bytes would grow by more than `roomBytes`. */
  set(aliases: IncomingAliases, alias: number, topicName: string, roomBytes: number): boolean {
    const addedBytes = topicName.length - (aliases.get(alias)?.length ?? 0);
    if (addedBytes !== 0) {
      const before = this.#sizes.get(aliases) ?? 0;
      const after = before + addedBytes;
      const countedBytes = beyondFree(after) - beyondFree(before);
      if (countedBytes > 0 && countedBytes > roomBytes) return false;
      this.#sizes.set(aliases, after);
      this.#bytes += countedBytes;
    }
    aliases.set(alias, topicName);
    return true;
  }

  /** The connection with these aliases has ended. */
  remove(aliases: IncomingAliases | null): void {
    const sizeBytes = aliases === null ? undefined : this.#sizes.get(aliases);
    if (sizeBytes === undefined) return;
    this.#sizes.delete(aliases!);
    this.#bytes -= beyondFree(sizeBytes);
  }
}

function beyondFree(sizeBytes: number): number {
  return Math.max(0, sizeBytes - FREE_BYTES);
}
