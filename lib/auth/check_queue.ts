/** The limits of a queue. */
export interface CheckQueueInit {
  /** The most that may be under way at once. */
  readonly concurrency: number;
  /** The most that may wait. */
  readonly maxWaiting: number;
  /** The longest that one waits, milliseconds. */
  readonly maxWaitMs: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** `begin`: its turn has come; `busy`: too many wait, or it waited too long; `dropped`: its client has left. */
export type Turn = "begin" | "busy" | "dropped";

interface Waiting {
  readonly address: string;
  readonly sinceMs: number;
  readonly isGone: () => boolean;
  readonly resolve: (turn: Turn) => void;
}

/**
 * A queue for the processor. Addresses have their turn one after the other, so that a client that asks once does not wait behind an
 * address that asks a thousand times. Checks whose client has left are dropped. The time to wait is limited, because an answer that
 * comes after the client has given up is useless.
 */
export class CheckQueue {
  readonly #init: CheckQueueInit;
  /** The waiting checks by address, in the order in which they came. The first address is the next. */
  readonly #lines = new Map<string, Waiting[]>();
  #count = 0;
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The queue is empty at first. */
  constructor(init: CheckQueueInit) {
    this.#init = init;
  }

  /** Waits for a turn. After `begin` the caller must call {@linkcode leave} when the check is done. */
  enter(address: string, isGone: () => boolean): Promise<Turn> {
    const { concurrency, maxWaiting, nowMs } = this.#init;
    if (this.#running < concurrency) {
      this.#running++;
      return Promise.resolve("begin");
    }
    if (this.#count >= maxWaiting) this.#sweep();
    if (this.#count >= maxWaiting && !this.#makeRoomFor(address)) return Promise.resolve("busy");
    return new Promise((resolve) => {
      const line = this.#lines.get(address) ?? [];
      line.push({ address, sinceMs: nowMs(), isGone, resolve });
      this.#lines.set(address, line);
      this.#count++;
      this.#timer ??= setTimeout(this.#giveUp, this.#init.maxWaitMs);
    });
  }

  /** A check that was under way is done. Its place goes directly to the next, so that no newcomer takes it. */
  leave(): void {
    for (;;) {
      const next = this.#takeNext();
      if (next === undefined) return void this.#running--;
      if (next.isGone()) next.resolve("dropped");
      else return next.resolve("begin");
    }
  }

  #takeNext(): Waiting | undefined {
    for (const [address, line] of this.#lines) {
      const next = line.shift()!;
      this.#lines.delete(address);
      // The address goes behind all others.
      if (line.length > 0) this.#lines.set(address, line);
      this.#took();
      return next;
    }
    return undefined;
  }

  /** Removes those that have waited too long, and those whose client has left. */
  #sweep(): void {
    const latestMs = this.#init.nowMs() - this.#init.maxWaitMs;
    for (const [address, line] of this.#lines) {
      const staying = line.filter((waiting) => {
        const isGone = waiting.isGone();
        if (!isGone && waiting.sinceMs > latestMs) return true;
        waiting.resolve(isGone ? "dropped" : "busy");
        return false;
      });
      if (staying.length === line.length) continue;
      for (let i = staying.length; i < line.length; i++) this.#took();
      if (staying.length > 0) this.#lines.set(address, staying);
      else this.#lines.delete(address);
    }
  }

  /** Removes the last check of the address that has most waiting, unless the newcomer's address has as many. */
  #makeRoomFor(address: string): boolean {
    let longest: Waiting[] = [];
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    const ownLength = this.#lines.get(address)?.length ?? 0;
    if (longest.length <= ownLength + 1) return false;
    longest.pop()!.resolve("busy");
    this.#took();
    return true;
  }

  readonly #giveUp = (): void => {
    this.#timer = undefined;
    this.#sweep();
    if (this.#count === 0) return;
    const { nowMs, maxWaitMs } = this.#init;
    let oldestMs = nowMs();
    for (const [first] of this.#lines.values()) oldestMs = Math.min(oldestMs, first!.sinceMs);
    this.#timer = setTimeout(this.#giveUp, Math.max(1, oldestMs + maxWaitMs - nowMs()));
  };

  #took(): void {
    if (--this.#count > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
