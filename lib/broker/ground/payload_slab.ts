/** Bytes of one slab. */
const SLAB_BYTES = 64 * 1024;
/** A larger payload gets an allocation of its own: for it the copying costs more than the allocation. */
const MAX_PAYLOAD_BYTES = 4096;

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

  copy(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    if (length > MAX_PAYLOAD_BYTES) return payload.slice();
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
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
