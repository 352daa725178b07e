/** Bytes of one slab. */
const SLAB_BYTES = 64 * 1024;
/** A larger payload gets an allocation of its own: for it the copying costs more than the allocation. */
const MAX_PAYLOAD_BYTES = 4096;
/** Bytes of a read that are copied at once: of a packet of 100 bytes forty. More of them would be more that a stranger can fill with what nobody keeps. */
const RUN_BYTES = 4096;

/**
 * Copies of payloads that are kept for a short while: many in one allocation. A typed array of its own for each payload of 100 bytes
 * took a quarter of the time of a QoS 1 message (`deno task bench`, pairs at QoS 1).
 *
 * A slab stays allocated as long as one of its payloads is in use. So a payload that may be kept for long (retained, or queued for
 * a client that is away) gets a copy of its own: {@linkcode ownPayload}.
 */
export class PayloadSlab {
  #slab = new Uint8Array(0);
  #used = 0;

  /** What was copied of one read: from here to there, and where it is in the slab. */
  #read: Uint8Array | null = null;
  #runFrom = 0;
  #runTo = 0;
  #runAt = 0;

  /** The slab's bytes, which are never written twice. */
  get bytes(): Uint8Array {
    return this.#slab;
  }

  /** The read buffer has new content. */
  beginRead(): void {
    this.#read = null;
  }

  /**
   * Copies `read[from, to)` to the slab, and returns its offset there. What stands behind it up to `end` probably is to be kept as
   * well: some of it is copied at the same time, which is cheaper than one copy for each message.
   */
  place(read: Uint8Array, from: number, to: number, end: number): number {
    if (read !== this.#read || from < this.#runFrom || to > this.#runTo) {
      this.#copyRun(read, from, Math.max(to, Math.min(end, from + RUN_BYTES)));
    }
    return this.#runAt + from - this.#runFrom;
  }

  #copyRun(read: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.#used + length > this.#slab.length) this.#begin();
    this.#slab.set(read.subarray(from, to), this.#used);
    this.#read = read;
    this.#runFrom = from;
    this.#runTo = to;
    this.#runAt = this.#used;
    this.#used += length;
  }

  #begin(): void {
    this.#slab = new Uint8Array(SLAB_BYTES);
    this.#used = 0;
    this.#read = null;
  }

  /** A copy of one payload. */
  copy(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    if (length > MAX_PAYLOAD_BYTES) return payload.slice();
    if (this.#used + length > this.#slab.length) this.#begin();
    this.#slab.set(payload, this.#used);
    const copy = this.#slab.subarray(this.#used, this.#used + length);
    this.#used += length;
    return copy;
  }
}

/** The payload itself where it fills its whole allocation, otherwise a copy that does. */
export function ownPayload(payload: Uint8Array): Uint8Array {
  return payload.length === payload.buffer.byteLength ? payload : payload.slice();
}
