/** QoS 2 messages of stored sessions that this process has put into the log, and which the log has not come to. */
export class Unapplied {
  readonly #packetIds = new Map<string, Set<number>>();

  /** A message is put into the log. */
  appended(clientId: string, packetId: number): void {
    let packetIds = this.#packetIds.get(clientId);
    if (packetIds === undefined) this.#packetIds.set(clientId, packetIds = new Set());
    packetIds.add(packetId);
  }

  /** The log has come to it. */
  published(clientId: string, packetId: number): void {
    const packetIds = this.#packetIds.get(clientId);
    if (packetIds?.delete(packetId) === true && packetIds.size === 0) {
      this.#packetIds.delete(clientId);
    }
  }

  /** Takes those that stand behind the claim of another node, where they do not count. */
  take(clientId: string): readonly number[] {
    const packetIds = [...this.#packetIds.get(clientId) ?? []];
    this.#packetIds.delete(clientId);
    return packetIds;
  }
}
