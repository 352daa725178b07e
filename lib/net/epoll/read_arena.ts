/** What one read takes at most: whoever has more waits until others have been read. */
const READ_BYTES = 128 * 1024;
/** The longest unfinished packet that is put before the next read: the largest buffer that is lent and not made. */
export const MAX_REST_BYTES = 64 * 1024;
/** Bytes of all reads of a turn. Memory that a broker at rest never touches. */
const ARENA_BYTES = 1024 * 1024;

/**
 * Where the bytes of a turn are read, one read behind the other: the broker may look at them until its turn ends, and a small packet
 * takes no more than its size of the processor's caches.
 */
export class ReadArena {
  /** Bytes that were read, and from `at` on such as may be overwritten. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  readonly #first = this.bytes.subarray(0, READ_BYTES);
  /** Where the next read begins. */
  at = 0;

  /** Whether there may be no room for another read. */
  get isFull(): boolean {
    return this.at + MAX_REST_BYTES + READ_BYTES > ARENA_BYTES;
  }

  /** The room for a read behind so many bytes at `at`: {@linkcode MAX_REST_BYTES} at most. */
  room(leftBytes: number): Uint8Array<ArrayBuffer> {
    const start = this.at + leftBytes;
    return start === 0 ? this.#first : this.bytes.subarray(start, start + READ_BYTES);
  }

  /** The turn is over: its bytes are nobody's. */
  reset(): void {
    this.at = 0;
  }
}
