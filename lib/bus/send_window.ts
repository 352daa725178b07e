import { ByteWriter } from "./bytes.ts";
import { type FrameRange, HEADER_SIZE } from "./frame.ts";
import type { StreamOptions } from "./options.ts";

/** A data frame, kept until it is confirmed; room for its header is left at its beginning. */
interface KeptFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly messages: number;
}

/** Whether a record was accepted. After `full` there may be room later; after `too_large` never. */
export type CommitResult = "accepted" | "full" | "too_large";

/**
 * The sending half of a stream: packs records into frames, numbers them from 1, posts as many as the window allows, and keeps each
 * until it is confirmed. The frames by their numbers:
 *
 * ```text
 *        confirmed (forgotten) | posted, unconfirmed | sealed, waiting | open: gathers records
 *                              ^ first               ^ next            ^ open
 * ```
 */
export class SendWindow {
  readonly #options: StreamOptions;
  readonly #frames = new Map<number, KeptFrame>();
  readonly #writer: ByteWriter;
  #first = 1;
  #next = 1;
  #open = 1;
  /** Bytes of the open frame's records; more bytes in the writer are a record that is not committed yet. */
  #openBytes = 0;
  #openMessages = 0;
  #keptBytes = 0;
  #unconfirmedBytes = 0;
  #messages = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#writer = new ByteWriter(1024);
  }

  /** Bytes kept, headers included: never more than `maxPendingBytes`. */
  get pendingBytes(): number {
    return this.#keptBytes + (this.#openBytes === 0 ? 0 : HEADER_SIZE + this.#openBytes);
  }

  /** Messages kept: they are lost if the other side does not come back. */
  get pendingMessages(): number {
    return this.#messages;
  }

  get unconfirmedFrames(): number {
    return this.#next - this.#first;
  }

  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  /** The highest number posted; 0: none. */
  get highestPosted(): number {
    return this.#next - 1;
  }

  /** The writer for the next record; {@link commit} accepts the record, and another call discards it. */
  begin(): ByteWriter {
    this.#writer.length = this.#openBytes;
    return this.#writer;
  }

  /** Whether a record of about that size can be accepted; so nobody writes one in vain. */
  hasRoom(sizeBytes: number): boolean {
    return this.pendingBytes + sizeBytes <= this.#options.maxPendingBytes;
  }

  /** Accepts the record written since {@link begin}, which contains so many messages; or refuses all of it. */
  commit(messages: number): CommitResult {
    const { maxFrameBytes, maxPendingBytes, maxUnconfirmedBytes } = this.#options;
    const recordBytes = this.#writer.length - this.#openBytes;
    const aloneBytes = HEADER_SIZE + recordBytes;
    if (aloneBytes > maxUnconfirmedBytes || aloneBytes > maxPendingBytes) return "too_large";
    const beginsFrame = this.#openBytes === 0 || this.#writer.length > maxFrameBytes;
    const addedBytes = beginsFrame ? aloneBytes : recordBytes;
    if (this.pendingBytes + addedBytes > maxPendingBytes) return "full";
    if (beginsFrame && this.#openBytes > 0) this.#seal();
    this.#openBytes = this.#writer.length;
    this.#openMessages += messages;
    this.#messages += messages;
    return "accepted";
  }

  /** Calls `post` with each frame that the window allows now; its bytes are valid until it is confirmed. */
  release(post: (number: number, bytes: Uint8Array<ArrayBuffer>) => void): void {
    const { maxUnconfirmedFrames, maxUnconfirmedBytes } = this.#options;
    while (this.unconfirmedFrames < maxUnconfirmedFrames) {
      if (this.#next === this.#open) {
        if (this.#openBytes === 0) return;
        // A closed window leaves the open frame open: it fills meanwhile, and one full frame is cheaper than many small ones.
        if (this.#unconfirmedBytes + HEADER_SIZE + this.#openBytes > maxUnconfirmedBytes) return;
        this.#seal();
      }
      const { bytes } = this.#frames.get(this.#next)!;
      if (this.#unconfirmedBytes + bytes.length > maxUnconfirmedBytes) return;
      this.#unconfirmedBytes += bytes.length;
      post(this.#next++, bytes);
    }
  }

  /** Discards every frame before `confirmed`; returns whether there were any. */
  confirm(confirmed: number): boolean {
    const end = Math.min(confirmed, this.#next);
    const hadAny = this.#first < end;
    for (; this.#first < end; this.#first++) {
      const frame = this.#frames.get(this.#first)!;
      this.#frames.delete(this.#first);
      this.#keptBytes -= frame.bytes.length;
      this.#unconfirmedBytes -= frame.bytes.length;
      this.#messages -= frame.messages;
    }
    return hadAny;
  }

  /** Calls `post` again with the frames that the other side misses. */
  resend(
    missing: readonly FrameRange[],
    post: (number: number, bytes: Uint8Array<ArrayBuffer>) => void,
  ): void {
    for (const [first, last] of missing) {
      const end = Math.min(last + 1, this.#next);
      for (let number = Math.max(first, this.#first); number < end; number++) {
        post(number, this.#frames.get(number)!.bytes);
      }
    }
  }

  /** Closes the open frame; a record beyond it that is not yet committed moves to the front of the next. */
  #seal(): void {
    const bytes = this.#writer.copy(0, this.#openBytes, HEADER_SIZE);
    this.#frames.set(this.#open++, { bytes, messages: this.#openMessages });
    this.#keptBytes += bytes.length;
    this.#writer.discard(this.#openBytes);
    this.#openBytes = 0;
    this.#openMessages = 0;
  }
}
