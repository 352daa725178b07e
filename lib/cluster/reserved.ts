/** Packet Identifiers of QoS 2 messages in flight that the log does not have: no other message may have them, at no node. */
export class Reserved {
  /** By session and place in the store. */
  readonly #packetIds = new Map<string, Map<number, number>>();

  /** A message is in flight; `false`: that was known. */
  add(clientId: string, sequence: number, packetId: number): boolean {
    let packetIds = this.#packetIds.get(clientId);
    if (packetIds?.has(sequence) === true) return false;
    if (packetIds === undefined) this.#packetIds.set(clientId, packetIds = new Map());
    packetIds.set(sequence, packetId);
    return true;
  }

  /** A message is done with; returns the Packet Identifier that is free by that. */
  free(clientId: string, sequence: number): number | undefined {
    const packetIds = this.#packetIds.get(clientId);
    const packetId = packetIds?.get(sequence);
    if (packetId === undefined) return undefined;
    packetIds!.delete(sequence);
    if (packetIds!.size === 0) this.#packetIds.delete(clientId);
    return packetId;
  }

  /** The session has ended, or is another node's. */
  forget(clientId: string): void {
    this.#packetIds.delete(clientId);
  }
}
