/** Sizes of pooled buffers in bytes, each four times the one before: a buffer that grows is copied seldom. */
const CLASS_SIZES = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;
/** Bytes that the pool keeps of each size: enough for the writes under way at once, little beside the connections. */
const POOLED_BYTES = 2 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

/** Output buffers that are free. Buffers over 1 MiB are made and left to the garbage collector. */
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

  /** Gives a buffer back: nobody may look at it any more. */
  give(bytes: Uint8Array<ArrayBuffer>): void {
    const i = CLASS_SIZES.indexOf(bytes.length as typeof CLASS_SIZES[number]);
    if (i < 0) return;
    const free = this.#free[i]!;
    if ((free.length + 1) * bytes.length <= POOLED_BYTES) free.push(bytes);
  }
}

/** Bytes on their way out, gathered behind each other. It holds no memory while it is empty. */
export class ByteBuffer {
  readonly #pool: BufferPool;
  /** What is gathered is in [0, length). */
  bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** Bytes that are gathered. */
  length = 0;
  /** The size to begin with: what this buffer needed before, so that a busy connection does not grow anew each turn. */
  #startSizeBytes = 0;

  /** Takes its memory from `pool` and gives it back there. */
  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Makes room for `sizeBytes` more behind `length` and returns `length`, the place to write at. */
  reserve(sizeBytes: number): number {
    const needed = this.length + sizeBytes;
    if (needed > this.bytes.length) this.#grow(needed);
    return this.length;
  }

  /** Copies `source` behind what is there. */
  append(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.bytes.set(source, at);
    this.length = at + source.length;
  }

  /** Hands over the buffer, whose first `length` bytes are the content, and is empty. Whoever takes it gives it to the pool. */
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
