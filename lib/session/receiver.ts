/** What most sessions hold, for all of them: an idle connection has no Map of its own. */
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
  /** With the number of the connection that each came on. */
  #held: Map<number, number> = NOTHING;
  #connection = 0;
  #recentSize = 0;

  /** QoS 2 messages that wait for their PUBREL. */
  get size(): number {
    return this.#held.size;
  }

  /** How many of them came on this connection, and count against our Receive Maximum: it begins anew with each connection. */
  get recentSize(): number {
    return this.#recentSize;
  }

  /** A connection begins: what a client does not release of what came before, since it forgot it, must not lock it out. */
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

  /** Whether it was held: after this the Packet Identifier may come anew. [MQTT-4.3.3-12] */
  release(packetId: number): boolean {
    if (this.#held.get(packetId) === this.#connection) this.#recentSize--;
    return this.#held.delete(packetId);
  }

  /** The Packet Identifiers that are held, in the order in which they came. */
  values(): IterableIterator<number> {
    return this.#held.keys();
  }
}
