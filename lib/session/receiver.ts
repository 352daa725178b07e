/** One empty Map for all sessions that hold nothing, so that an idle connection has no Map of its own. */
const NOTHING: Map<number, number> = new Map();

/**
 * Receiver side of QoS 2: Packet Identifiers held from PUBLISH to PUBREL.
 *
 * | event   | not held               | held                          |
 * |---------|------------------------|-------------------------------|
 * | PUBLISH | new: route it, hold    | a repeat: acknowledge only    |
 * | PUBREL  | 0x92 in the PUBCOMP    | release, PUBCOMP              |
 */
export class Receiver {
  /** The held Packet Identifiers, each with the number of the connection on which it arrived. */
  #held: Map<number, number> = NOTHING;
  #connection = 0;
  #recentSize = 0;

  /** QoS 2 messages that wait for their PUBREL. */
  get size(): number {
    return this.#held.size;
  }

  /** Messages held that arrived on this connection. They count against the broker's Receive Maximum, which applies to one connection. */
  get recentSize(): number {
    return this.#recentSize;
  }

  /**
   * A connection begins. Packet Identifiers held from before do not count against its quota, so that a client that has forgotten them is
   * not locked out.
   */
  resume(): void {
    this.#connection++;
    this.#recentSize = 0;
  }

  /** Whether the PUBLISH is new. A repeat is acknowledged, not routed. [MQTT-4.3.3-10] */
  accept(packetId: number): boolean {
    if (this.#held.has(packetId)) return false;
    if (this.#held === NOTHING) this.#held = new Map();
    this.#held.set(packetId, this.#connection);
    this.#recentSize++;
    return true;
  }

  /** Whether the Packet Identifier is held. */
  holds(packetId: number): boolean {
    return this.#held.has(packetId);
  }

  /** Releases the Packet Identifier, which may then be used again. Returns whether it was held. [MQTT-4.3.3-12] */
  release(packetId: number): boolean {
    if (this.#held.get(packetId) === this.#connection) this.#recentSize--;
    return this.#held.delete(packetId);
  }

  /** The held Packet Identifiers, in the order of arrival. */
  values(): IterableIterator<number> {
    return this.#held.keys();
  }
}
