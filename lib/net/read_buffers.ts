import { Unfinished, type UnfinishedLimits } from "./unfinished.ts";

/**
 * Read buffers in four sizes, bytes. A connection begins with the smallest: eight of them are one page of memory, and a
 * connection that is idle holds no more. Ten thousand quiet clients cost five megabytes of buffers.
 */
const SIZES = [512, 2048, 16_384, 65_536] as const;
const LARGEST = SIZES.length - 1;
/** One allocation holds this many of the smallest. */
const SLAB_BUFFERS = 128;
/** Larger buffers kept for the next connection that gets busy. */
const SPARE_LARGE = 32;

/** Lends read buffers and takes them back. */
export class ReadBuffers {
  /** What of them holds unfinished packets. */
  readonly unfinished: Unfinished;
  readonly #free: Uint8Array<ArrayBuffer>[][] = SIZES.map(() => []);

  /** `limits` are those of unfinished packets. */
  constructor(limits?: UnfinishedLimits) {
    this.unfinished = new Unfinished(limits);
  }

  /** The smallest kind. */
  get smallest(): number {
    return SIZES[0];
  }

  /** A buffer of at least `sizeBytes`; beyond the largest kind it grows by doubling and is not kept. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const kind = SIZES.findIndex((size) => sizeBytes <= size);
    if (kind < 0) return new Uint8Array(2 ** Math.ceil(Math.log2(sizeBytes)));
    const free = this.#free[kind]!;
    if (kind === 0 && free.length === 0) {
      const slab = new ArrayBuffer(SIZES[0] * SLAB_BUFFERS);
      for (let i = 0; i < SLAB_BUFFERS; i++) {
        free.push(new Uint8Array(slab, i * SIZES[0], SIZES[0]));
      }
    }
    return free.pop() ?? new Uint8Array(SIZES[kind]!);
  }

  /** Takes a buffer back: nobody may look at it any more. One that is not of these sizes is left to the garbage collector. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const kind = SIZES.indexOf(buffer.length as typeof SIZES[number]);
    if (kind < 0) return;
    const free = this.#free[kind]!;
    if (kind === 0 || free.length < SPARE_LARGE) free.push(buffer);
  }

  /** The size for the next read of a connection: more where the last read filled its buffer, less where it used little of it. */
  nextSize(bufferBytes: number, readBytes: number): number {
    const kind = SIZES.findIndex((size) => bufferBytes <= size);
    if (readBytes === bufferBytes) return SIZES[kind < 0 ? LARGEST : Math.min(kind + 1, LARGEST)]!;
    if (kind < 0) return SIZES[LARGEST]!;
    if (kind > 0 && readBytes < SIZES[kind - 1]!) return SIZES[kind - 1]!;
    return bufferBytes;
  }
}
