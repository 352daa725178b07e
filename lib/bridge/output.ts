/** An emptied buffer up to this size is kept for reuse, bytes. */
const KEPT_BYTES = 256 * 1024;
const FIRST_BYTES = 4096;

/** Bytes waiting to be taken, in one growing buffer. */
export class Output {
  /** The waiting bytes are in [start, end). */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  #start = 0;
  #end = 0;

  /** The number of waiting bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The waiting bytes; valid until the next call of any method. */
  get waiting(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.#start, this.#end);
  }

  /** Makes room for `sizeBytes`, counts them as waiting, and returns where in `bytes` they are to be written. */
  reserve(sizeBytes: number): number {
    const at = this.#end;
    if (at + sizeBytes <= this.bytes.length) {
      this.#end += sizeBytes;
      return at;
    }
    const { length } = this;
    let target = this.bytes;
    if (length + sizeBytes > target.length || this.#start < target.length / 2) {
      target = new Uint8Array(Math.max(target.length * 2, length + sizeBytes));
    }
    target.set(this.waiting);
    this.bytes = target;
    this.#start = 0;
    this.#end = length + sizeBytes;
    return length;
  }

  /** Appends a copy. */
  put(bytes: Uint8Array): void {
    // Reserve first: it may replace the buffer.
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Removes the first `count` bytes, which have been taken. */
  drop(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Moves as many bytes as fit into `target`; returns their number. */
  moveInto(target: Uint8Array): number {
    const count = Math.min(target.length, this.length);
    target.set(this.bytes.subarray(this.#start, this.#start + count));
    this.drop(count);
    return count;
  }

  /** Takes all bytes in a buffer that the caller then owns; `spare` becomes the next buffer. */
  take(spare: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
    const taken = this.waiting;
    this.bytes = spare ?? new Uint8Array(FIRST_BYTES);
    this.#start = this.#end = 0;
    return taken;
  }

  /** Discards all bytes. */
  clear(): void {
    this.#start = this.#end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(FIRST_BYTES);
  }
}
