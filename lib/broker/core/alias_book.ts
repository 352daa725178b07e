import type { IncomingAliases } from "../../session/mod.ts";

/** What every connection may keep without being counted, bytes: ten topics as devices have them. */
const FREE_BYTES = 4096;

/** The topics that all clients have given Topic Aliases to, and their bytes: one of these may be as long as text can be. */
export class AliasBook {
  readonly #sizes = new Map<IncomingAliases, number>();
  #bytes = 0;

  /** Topic bytes of all connections, without what each may keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives the alias to this topic; `false`, and nothing is changed, where that would count for more than `roomBytes`. */
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

  /** Their connection has ended. */
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
