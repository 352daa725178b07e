import type { FrameRange } from "./frame.ts";

/** What was done with a data frame: it was handed on, kept for later, ignored as a repeat, or dropped for want of room. */
export type Arrival = "in_order" | "early" | "duplicate" | "refused";

/**
 * The receiving half of a stream: hands on data frames in the order of their numbers, each once. One that comes too early
 * waits, up to `maxHeldBytes`, for those before it.
 */
export class ReceiveWindow {
  readonly #maxHeldBytes: number;
  readonly #deliver: (frame: Uint8Array) => void;
  readonly #held = new Map<number, Uint8Array>();
  #heldBytes = 0;
  #expected = 1;
  #highest = 0;

  /** `deliver` may call back into the stream, but must not throw. */
  constructor(maxHeldBytes: number, deliver: (frame: Uint8Array) => void) {
    this.#maxHeldBytes = maxHeldBytes;
    this.#deliver = deliver;
  }

  /** The lowest number that has not arrived. */
  get expected(): number {
    return this.#expected;
  }

  /** The highest number known to be posted. */
  get highest(): number {
    return this.#highest;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Accepts a data frame. The one that is expected next is never refused, so that a full hold still makes progress. */
  accept(number: number, frame: Uint8Array): Arrival {
    if (number < this.#expected || this.#held.has(number)) return "duplicate";
    this.#highest = Math.max(this.#highest, number);
    if (number > this.#expected) {
      if (this.#heldBytes + frame.length > this.#maxHeldBytes) return "refused";
      this.#held.set(number, frame);
      this.#heldBytes += frame.length;
      return "early";
    }
    this.#expected++;
    this.#deliver(frame);
    this.#deliverHeld();
    return "in_order";
  }

  /** The gaps up to `highest`, from `from` on. */
  missing(highest: number, from = this.#expected): FrameRange[] {
    const gaps: FrameRange[] = [];
    let start = Math.max(from, this.#expected);
    for (let number = start; number <= highest; number++) {
      if (!this.#held.has(number)) continue;
      if (start < number) gaps.push([start, number - 1]);
      start = number + 1;
    }
    if (start <= highest) gaps.push([start, highest]);
    return gaps;
  }

  #deliverHeld(): void {
    for (;;) {
      const frame = this.#held.get(this.#expected);
      if (frame === undefined) return;
      this.#held.delete(this.#expected++);
      this.#heldBytes -= frame.length;
      this.#deliver(frame);
    }
  }
}
