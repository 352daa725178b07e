/** The most bytes of one read; the rest waits until other connections have been read. */
const READ_BYTES = 128 * 1024;
/** The longest unfinished packet that is copied before the next read: the size of the largest pooled buffer. */
export const MAX_REST_BYTES = 64 * 1024;
/** Bytes of all reads of a turn. A broker without traffic never touches this memory. */
const ARENA_BYTES = 1024 * 1024;

/**
 * Memory for the reads of a turn, one after the other: the broker may look at the bytes until its turn ends, and a small packet uses only
 * its own size of the processor's caches.
 */
export class ReadArena {
  /** The bytes read, up to `at`; later ones may be overwritten. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  readonly #first = this.bytes.subarray(0, READ_BYTES);
  /** Where the next read begins. */
  at = 0;

  /** Whether there may be no room for another read. */
  get isFull(): boolean {
    return this.at + MAX_REST_BYTES + READ_BYTES > ARENA_BYTES;
  }

  /** The room for a read after `leftBytes` bytes at `at`; these are {@linkcode MAX_REST_BYTES} at most. */
  room(leftBytes: number): Uint8Array<ArrayBuffer> {
    const start = this.at + leftBytes;
    return start === 0 ? this.#first : this.bytes.subarray(start, start + READ_BYTES);
  }

  /** The turn is over: its bytes may be overwritten. */
  reset(): void {
    this.at = 0;
  }
}
