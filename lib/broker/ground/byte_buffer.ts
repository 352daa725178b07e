/** Sizes of pooled buffers in bytes. Each is four times the one before, so that a growing buffer is copied only a few times. */
const CLASS_SIZES = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;
/**
 * Bytes of free buffers that the pool keeps of each size: enough for the writes under way at once, little beside the connections'
 * memory.
 */
const POOLED_BYTES = 2 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

/** Free output buffers. Buffers over 1 MiB are not pooled: the garbage collector frees them. */
export class BufferPool {
  readonly #free: Uint8Array<ArrayBuffer>[][] = CLASS_SIZES.map(() => []);

  /** A buffer of at least `sizeBytes`; its content is arbitrary. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    for (let i = 0; i < CLASS_SIZES.length; i++) {
      const classSize = CLASS_SIZES[i]!;
      if (sizeBytes <= classSize) return this.#free[i]!.pop() ?? new Uint8Array(classSize);
    }
    return new Uint8Array(2 ** Math.ceil(Math.log2(sizeBytes)));
  }

  /** Gives a buffer back to the pool; the caller must not use it any more. */
  give(bytes: Uint8Array<ArrayBuffer>): void {
    const i = CLASS_SIZES.indexOf(bytes.length as typeof CLASS_SIZES[number]);
    if (i < 0) return;
    const free = this.#free[i]!;
    if ((free.length + 1) * bytes.length <= POOLED_BYTES) free.push(bytes);
  }
}

/** Collects outgoing bytes in one growing buffer. It holds no memory while it is empty. */
export class ByteBuffer {
  readonly #pool: BufferPool;
  /** The collected bytes are in [0, length). */
  bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** Number of collected bytes. */
  length = 0;
  /**
   * The size of the first allocation: the size that was needed last time, so that a busy connection does not grow its buffer each
   * turn.
   */
  #startSizeBytes = 0;

  /** The buffer takes its memory from `pool` and gives it back there. */
  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Makes room for `sizeBytes` more bytes behind `length`, and returns `length`, the offset to write at. */
  reserve(sizeBytes: number): number {
    const needed = this.length + sizeBytes;
    if (needed > this.bytes.length) this.#grow(needed);
    return this.length;
  }

  /** Copies `source` behind the collected bytes. */
  append(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.bytes.set(source, at);
    this.length = at + source.length;
  }

  /**
   * Hands over the memory, whose first `length` bytes are the content, and is empty afterwards. The caller gives the memory to the
   * pool.
   */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes;
    this.#startSizeBytes = this.length;
    this.bytes = EMPTY;
    this.length = 0;
    return taken;
  }

  /** Forgets the content and gives the memory back. */
  clear(): void {
    this.#pool.give(this.bytes);
    this.bytes = EMPTY;
    this.length = 0;
  }

  #grow(neededBytes: number): void {
    const old = this.bytes;
    const grown = this.#pool.take(
      old.length === 0 ? Math.max(neededBytes, this.#startSizeBytes) : neededBytes,
    );
    if (this.length > 0) grown.set(old.subarray(0, this.length));
    this.bytes = grown;
    this.#pool.give(old);
  }
}
