import type { InFlight } from "./in_flight.ts";

/** One empty table for all sessions with nothing in flight, so that an idle session has no memory for it. */
const NO_SLOTS: (InFlight | undefined)[] = [undefined];
const FIRST_SLOTS = 16;
/** As many as there are Packet Identifiers and 0: then each has a slot of its own. */
const ALL_SLOTS = 65_536;
/** A larger table is given up when it is empty. */
const KEPT_SLOTS = 1024;

/**
 * What is in flight to one client, by Packet Identifier and in the order of redelivery.
 *
 * A message has the slot of its Packet Identifier modulo the number of slots. Packet Identifiers go round and are free again in about
 * the order in which they were given, so slots are too. A Map took 0.2 microseconds for the four calls of a QoS 1 message, a slot none
 * to be measured. Packet Identifiers from the store may collide: then the table grows until they do not.
 */
export class InFlightTable {
  /** Messages in flight. */
  size = 0;
  #slots = NO_SLOTS;
  #mask = 0;
  #oldest: InFlight | undefined;
  #newest: InFlight | undefined;

  /** What is in flight under the Packet Identifier. */
  get(packetId: number): InFlight | undefined {
    const found = this.#slots[packetId & this.#mask];
    return found !== undefined && found.packetId === packetId ? found : undefined;
  }

  /** Whether a message with this Packet Identifier has a slot to go to. While half of the slots are used, or fewer, most have. */
  isFree(packetId: number): boolean {
    return this.#slots[packetId & this.#mask] === undefined;
  }

  /** Makes room for one more message, so that at most half of the slots are used, or there is one for each Packet Identifier. */
  makeRoom(): void {
    const slots = this.#mask + 1;
    if (this.#slots === NO_SLOTS) this.#resize(FIRST_SLOTS);
    else if (2 * this.size >= slots && slots < ALL_SLOTS) this.#resize(2 * slots);
  }

  /** Adds the message at the end of the order, in place of one with the same Packet Identifier, which only a damaged store has. */
  add(inFlight: InFlight): void {
    const { packetId } = inFlight;
    if (this.#slots === NO_SLOTS) this.#resize(FIRST_SLOTS);
    while (!this.isFree(packetId)) {
      const same = this.get(packetId);
      if (same !== undefined) this.delete(same);
      else this.#resize(2 * (this.#mask + 1));
    }
    this.#slots[packetId & this.#mask] = inFlight;
    this.size++;
    this.#append(inFlight);
  }

  /** Removes a message that is in the table. */
  delete(inFlight: InFlight): void {
    this.#slots[inFlight.packetId & this.#mask] = undefined;
    this.size--;
    this.#unlink(inFlight);
    if (this.size === 0 && this.#mask >= KEPT_SLOTS) {
      this.#slots = NO_SLOTS;
      this.#mask = 0;
    }
  }

  /** Moves a message that is in the table to the end of the order. */
  moveToEnd(inFlight: InFlight): void {
    this.#unlink(inFlight);
    this.#append(inFlight);
  }

  /** All messages, the oldest first. The one that was just given out may be deleted meanwhile. */
  *values(): Generator<InFlight, void, undefined> {
    let next = this.#oldest;
    while (next !== undefined) {
      const { newer } = next;
      yield next;
      next = newer;
    }
  }

  #append(inFlight: InFlight): void {
    const newest = this.#newest;
    if (newest === undefined) this.#oldest = inFlight;
    else newest.newer = inFlight;
    inFlight.older = newest;
    this.#newest = inFlight;
  }

  /** Clears the links too: what is removed would keep others in memory otherwise. */
  #unlink(inFlight: InFlight): void {
    const { older, newer } = inFlight;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    inFlight.older = inFlight.newer = undefined;
  }

  #resize(slots: number): void {
    this.#slots = new Array(slots).fill(undefined);
    this.#mask = slots - 1;
    for (let next = this.#oldest; next !== undefined; next = next.newer) {
      this.#slots[next.packetId & this.#mask] = next;
    }
  }
}
