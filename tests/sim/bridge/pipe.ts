import type { Random } from "../../support/random.ts";
import type { Scheduler } from "../scheduler.ts";

/** What hears at one end of a wire. */
export interface WireEnd {
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
}

/** A connection between two ends: bytes arrive in pieces, later, and in order; it may be cut at any byte. */
export class Wire {
  readonly #clock: Scheduler;
  readonly #random: Random;
  readonly #maxDelayMs: number;
  readonly #ends: [WireEnd, WireEnd];
  readonly #arriveMs: [number, number] = [0, 0];
  /** Nothing passes any more. */
  isCut = false;

  constructor(clock: Scheduler, random: Random, maxDelayMs: number, ends: [WireEnd, WireEnd]) {
    this.#clock = clock;
    this.#random = random;
    this.#maxDelayMs = maxDelayMs;
    this.#ends = ends;
  }

  /** The end with this number sends; the bytes are copied. */
  send(from: 0 | 1, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const isWhole = this.#random.int(4) > 0;
      const end = isWhole ? bytes.length : at + 1 + this.#random.int(bytes.length - at);
      const piece = bytes.slice(at, end);
      this.#later(from, () => this.#ends[1 - from]!.onBytes(piece));
      at = end;
    }
  }

  /** The end with this number closes, when all that it has sent has arrived. */
  close(from: 0 | 1): void {
    this.#later(from, () => {
      this.isCut = true;
      this.#ends[1 - from]!.onEnd();
    });
  }

  /** The network loses it: what is under way is gone, and both ends learn of it, each in its time. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    for (const end of this.#ends) {
      this.#clock.after(this.#random.int(this.#maxDelayMs + 1), () => end.onEnd());
    }
  }

  #later(from: 0 | 1, run: () => void): void {
    const { nowMs } = this.#clock;
    const atMs = nowMs + this.#random.int(this.#maxDelayMs + 1);
    this.#arriveMs[from] = Math.max(this.#arriveMs[from], atMs);
    this.#clock.at(this.#arriveMs[from], () => {
      if (!this.isCut) run();
    });
  }
}
