import { packetLength } from "./packet_frames.ts";
import { Unfinished, type UnfinishedLimits } from "./unfinished.ts";

/**
 * Sizes of read buffers, bytes. A connection begins with the smallest: eight of them are one page of memory, and an idle connection holds
 * no more. Ten thousand idle clients take five megabytes of buffers.
 */
const SIZES = [512, 2048, 16_384, 65_536] as const;
const LARGEST = SIZES.length - 1;
/** Smallest buffers in one allocation. */
const SLAB_BUFFERS = 128;
/** Larger buffers kept for reuse. */
const SPARE_LARGE = 32;
/**
 * Bytes of even larger buffers kept for reuse, because many large packets would otherwise leave every outgrown buffer to the garbage
 * collector.
 */
const SPARE_HUGE_BYTES = 8 * 1024 * 1024;
/** A buffer may be so many times as large as a doubled one where its packet then ends in it: another copy of it would cost more. */
const LITTLE_MORE = 1.25;

/** Lends read buffers and takes them back. */
export class ReadBuffers {
  /** Accounts for buffers with unfinished packets. */
  readonly unfinished: Unfinished;
  readonly #free: Uint8Array<ArrayBuffer>[][] = SIZES.map(() => []);
  /** Spare buffers beyond the largest size, by their size. */
  readonly #huge = new Map<number, Uint8Array<ArrayBuffer>[]>();
  #hugeBytes = 0;

  /** `limits` apply to unfinished packets. */
  constructor(limits?: UnfinishedLimits) {
    this.unfinished = new Unfinished(limits);
  }

  /** The smallest size. */
  get smallest(): number {
    return SIZES[0];
  }

  /** The most bytes of a read: a connection with a large packet reads no more at once than others. */
  get readBytes(): number {
    return SIZES[LARGEST]!;
  }

  /** Lends a buffer of at least `sizeBytes`, as large as {@linkcode sizeFor} says. Few beyond the largest are kept for reuse. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const kind = kindFor(sizeBytes);
    if (kind < 0) return this.#takeHuge(this.sizeFor(sizeBytes));
    const free = this.#free[kind]!;
    if (kind === 0 && free.length === 0) {
      const slab = new ArrayBuffer(SIZES[0] * SLAB_BUFFERS);
      for (let i = 0; i < SLAB_BUFFERS; i++) {
        free.push(new Uint8Array(slab, i * SIZES[0], SIZES[0]));
      }
    }
    return free.pop() ?? new Uint8Array(SIZES[kind]!);
  }

  /** The size of the buffer that {@linkcode take} lends: one that may be kept for reuse has one of few sizes. */
  sizeFor(sizeBytes: number): number {
    if (sizeBytes > SPARE_HUGE_BYTES) return Math.ceil(sizeBytes / this.readBytes) * this.readBytes;
    return SIZES[kindFor(sizeBytes)] ?? 2 ** Math.ceil(Math.log2(sizeBytes));
  }

  /**
   * The size of the buffer that goes on with the packet that has filled `buffer`: twice as large, or as the packet where that is less, or
   * little more. A packet that is complete, and waits, needs no more.
   */
  grownSize(buffer: Uint8Array): number {
    const packetBytes = packetLength(buffer, 0);
    if (packetBytes > 0 && packetBytes <= buffer.length) return buffer.length;
    const doubledBytes = this.sizeFor(buffer.length * 2);
    const wholeBytes = this.sizeFor(packetBytes);
    const isEnough = packetBytes > 0 && wholeBytes <= doubledBytes * LITTLE_MORE;
    return isEnough ? wholeBytes : doubledBytes;
  }

  /** Takes a buffer back; its bytes must not be used any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const kind = SIZES.indexOf(buffer.length as typeof SIZES[number]);
    if (kind < 0) return this.#giveHuge(buffer);
    const free = this.#free[kind]!;
    if (kind === 0 || free.length < SPARE_LARGE) free.push(buffer);
  }

  #takeHuge(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const spare = this.#huge.get(sizeBytes)?.pop();
    if (spare === undefined) return new Uint8Array(sizeBytes);
    this.#hugeBytes -= sizeBytes;
    return spare;
  }

  #giveHuge(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#hugeBytes + buffer.length > SPARE_HUGE_BYTES) {
      // Free it now, and not when garbage is collected next, which may be in minutes; but not before the turn has ended that has read it.
      return queueMicrotask(() => void buffer.buffer.transfer(0));
    }
    this.#hugeBytes += buffer.length;
    const spares = this.#huge.get(buffer.length);
    if (spares === undefined) this.#huge.set(buffer.length, [buffer]);
    else spares.push(buffer);
  }

  /** The size for the next read of a connection: larger if the last read filled its buffer, smaller if it used little of it. */
  nextSize(bufferBytes: number, readBytes: number): number {
    const kind = SIZES.findIndex((size) => bufferBytes <= size);
    // The large packet is complete: choose the size by its last read.
    if (kind < 0) return SIZES.find((size) => readBytes < size) ?? SIZES[LARGEST]!;
    if (readBytes === bufferBytes) return SIZES[Math.min(kind + 1, LARGEST)]!;
    if (kind > 0 && readBytes < SIZES[kind - 1]!) return SIZES[kind - 1]!;
    return bufferBytes;
  }
}

/** The index of the smallest size for these bytes, or -1. */
function kindFor(sizeBytes: number): number {
  return SIZES.findIndex((size) => sizeBytes <= size);
}
