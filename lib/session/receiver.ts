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
  /** Those of them that came on a connection before this one. */
  #old: Set<number> = NOTHING;

  /** QoS 2 messages that wait for their PUBREL. */
  get size(): number {
    return this.#held.size;
  }

  /** How many of them came on this connection, and count against our Receive Maximum: it begins anew with each connection. */
  get recentSize(): number {
    return this.#held.size - this.#old.size;
  }

  /** A connection begins: what a client does not release of what came before, since it forgot it, must not lock it out. */
  resume(): void {
    this.#old = this.#held.size === 0 ? NOTHING : new Set(this.#held);
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
    this.#old.delete(packetId);
    return this.#held.delete(packetId);
  }

  /** The Packet Identifiers that are held, in the order in which they came. */
  values(): IterableIterator<number> {
    return this.#held.values();
  }
}
