/** What most sessions hold, for all of them: an idle connection has no Set of its own. */
const NOTHING: Set<number> = new Set();

/**
 * Receiver side of QoS 2: Packet Identifiers held from PUBLISH to PUBREL.
 *
 * | event   | not held               | held                          |
 * |---------|------------------------|-------------------------------|
 * | PUBLISH | new: route it, hold    | a repeat: acknowledge only    |
 * | PUBREL  | 0x92 in the PUBCOMP    | release, PUBCOMP              |
 */
export class Receiver {
  #held: Set<number> = NOTHING;

  /** QoS 2 messages that wait for their PUBREL. */
  get size(): number {
    return this.#held.size;
  }

  /** Whether the PUBLISH is new. A repeat is acknowledged, not routed. [MQTT-4.3.3-10] */
  accept(packetId: number): boolean {
    if (this.#held.has(packetId)) return false;
    if (this.#held === NOTHING) this.#held = new Set();
    this.#held.add(packetId);
    return true;
  }

  /** Whether the Packet Identifier is held. */
  holds(packetId: number): boolean {
    return this.#held.has(packetId);
  }

  /** Whether it was held: after this the Packet Identifier may come anew. [MQTT-4.3.3-12] */
  release(packetId: number): boolean {
    return this.#held.delete(packetId);
  }

  /** The Packet Identifiers that are held, in the order in which they came. */
  values(): IterableIterator<number> {
    return this.#held.values();
  }
}
