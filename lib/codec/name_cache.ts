import { decodeText } from "./text.ts";

/** Longer names are decoded each time. */
const MAX_NAME_SIZE = 256;

/**
 * A bounded memory of Topic Names: the same bytes give the identical string without decoding, and what was checked
 * once needs no check again.
 *
 * A hash of its bytes gives each name one slot, in which it replaces the earlier name: there is no list to walk, and nothing grows.
 * A sender whose names collide makes the broker decode them each time, nothing worse. Memory is reserved at once (slots x 256
 * bytes), but the system provides a page of it only when a name is written there.
 */
export class NameCache {
  readonly #mask: number;
  readonly #names: (string | undefined)[];
  readonly #sizes: Uint16Array;
  readonly #bytes: Uint8Array;

  /** `slots` is rounded up to a power of two. */
  constructor(slots = 4096) {
    const count = 2 ** Math.ceil(Math.log2(Math.max(1, slots)));
    this.#mask = count - 1;
    this.#names = new Array(count).fill(undefined);
    this.#sizes = new Uint16Array(count);
    this.#bytes = new Uint8Array(count * MAX_NAME_SIZE);
  }

  /** The text in [start, end), remembered or decoded; throws as the decoder of text does. */
  text(bytes: Uint8Array, start: number, end: number): string {
    const size = end - start;
    if (size > MAX_NAME_SIZE) return decodeText(bytes, start, end);
    let hash = 0x811c9dc5; // FNV-1a
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ hash >>> 16) & this.#mask;
    const name = this.#names[slot];
    if (name !== undefined && this.#sizes[slot] === size && this.#holds(slot, bytes, start, size)) {
      return name;
    }
    const decoded = decodeText(bytes, start, end);
    this.#names[slot] = decoded;
    this.#sizes[slot] = size;
    const to = slot * MAX_NAME_SIZE;
    for (let i = 0; i < size; i++) this.#bytes[to + i] = bytes[start + i]!;
    return decoded;
  }

  #holds(slot: number, bytes: Uint8Array, start: number, size: number): boolean {
    const held = this.#bytes;
    const from = slot * MAX_NAME_SIZE;
    for (let i = 0; i < size; i++) {
      if (held[from + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}
