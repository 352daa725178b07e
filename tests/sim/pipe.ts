import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Bytes under way, as the network cut them. */
interface Piece {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/**
 * One direction of a connection: bytes arrive in order, late, in pieces of any size, and all of them until it is cut; then some
 * of what was under way arrives, up to any byte, and after that the end.
 */
export class Pipe {
  readonly #clock: Scheduler;
  readonly #random: Random;
  readonly #maxDelayMs: number;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #end: () => void;
  readonly #pieces: Piece[] = [];
  #lastMs = 0;
  #isEnding = false;
  #isOver = false;
  #isPaused = false;
  /** Bytes sent that have not arrived. */
  pendingBytes = 0;

  constructor(
    clock: Scheduler,
    random: Random,
    maxDelayMs: number,
    deliver: (bytes: Uint8Array) => void,
    end: () => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#maxDelayMs = maxDelayMs;
    this.#deliver = deliver;
    this.#end = end;
  }

  /** Sends these bytes, which are the pipe's from now on. */
  send(bytes: Uint8Array): void {
    if (this.#isEnding || this.#isOver) return;
    this.pendingBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const size = this.#pieceSize(bytes.length - at);
      this.#schedule(bytes.subarray(at, at + size));
      at += size;
    }
  }

  /** Sends the end behind what is under way. */
  finish(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#schedule(new Uint8Array(0));
  }

  /** Loses what is under way from a random byte on. With `isSilent` nobody learns of it. */
  cut(isSilent = false): void {
    let keep = this.#random.int(this.pendingBytes + 1);
    this.pendingBytes = keep;
    let count = 0;
    for (; count < this.#pieces.length && keep > 0; count++) {
      const piece = this.#pieces[count]!;
      if (piece.bytes.length > keep) {
        this.#pieces[count] = { atMs: piece.atMs, bytes: piece.bytes.subarray(0, keep) };
      }
      keep -= Math.min(keep, piece.bytes.length);
    }
    this.#pieces.length = count;
    this.#isEnding = false;
    if (isSilent) this.#isEnding = true;
    else this.finish();
  }

  /** Nothing arrives any more, not even the end. */
  drop(): void {
    this.#isOver = true;
    this.#pieces.length = 0;
    this.pendingBytes = 0;
  }

  /** While paused nothing is taken out at the far end. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) this.#clock.after(0, () => this.#arrive());
  }

  #pieceSize(left: number): number {
    const kind = this.#random.int(20);
    if (kind < 12) return left;
    return kind === 12 && left < 50 ? 1 : 1 + this.#random.int(left);
  }

  #schedule(bytes: Uint8Array): void {
    const atMs = Math.max(
      this.#lastMs,
      this.#clock.nowMs + this.#random.int(this.#maxDelayMs + 1),
    );
    this.#lastMs = atMs;
    this.#pieces.push({ atMs, bytes });
    this.#clock.at(atMs, () => this.#arrive());
  }

  #arrive(): void {
    if (this.#isPaused || this.#isOver) return;
    const piece = this.#pieces[0];
    if (piece === undefined || piece.atMs > this.#clock.nowMs) return;
    this.#pieces.shift();
    if (piece.bytes.length === 0) {
      this.#isOver = true;
      return this.#end();
    }
    this.pendingBytes -= piece.bytes.length;
    this.#deliver(piece.bytes);
    // What came while it was paused is there at once.
    if (this.#pieces.length > 0) this.#clock.after(0, () => this.#arrive());
  }
}

/** `b` behind `a`; a copy only where it has to be one. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
