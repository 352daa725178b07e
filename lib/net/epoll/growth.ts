import { MOVED_BYTES } from "../move_in_parts.ts";

/**
 * Limits what moves to larger buffers in one round of the loop: of hundreds of clients in the middle of large packets each takes a
 * millisecond, and everybody would wait for all of them. Those that have to wait come first in the next round, in their order.
 */
export class Growth {
  #roundBytes = 0;
  #waiting: { readonly sizeBytes: number; readonly grow: () => void }[] = [];

  /** Whether somebody waits for the next round. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether a buffer of this size may be filled in this round; the first one always may. */
  admits(sizeBytes: number): boolean {
    return this.#waiting.length === 0 && this.#takes(sizeBytes);
  }

  /** `grow`, which fills a buffer of this size, is called in a later round. */
  later(sizeBytes: number, grow: () => void): void {
    this.#waiting.push({ sizeBytes, grow });
  }

  /** A round begins: the first of those that wait grow, as far as its limit goes. */
  beginRound(): void {
    this.#roundBytes = 0;
    if (this.#waiting.length === 0) return;
    let count = 0;
    while (count < this.#waiting.length && this.#takes(this.#waiting[count]!.sizeBytes)) count++;
    for (const { grow } of this.#waiting.splice(0, count)) grow();
  }

  #takes(sizeBytes: number): boolean {
    if (this.#roundBytes > 0 && this.#roundBytes + sizeBytes > MOVED_BYTES) return false;
    this.#roundBytes += sizeBytes;
    return true;
  }
}
