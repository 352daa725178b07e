/** How much a queue lets through. */
export interface CheckQueueInit {
  /** Those that may be under way at once. */
  readonly concurrency: number;
  /** Those that may wait. */
  readonly maxWaiting: number;
  /** The longest that one waits, milliseconds. */
  readonly maxWaitMs: number;
  /** The clock, milliseconds. */
  readonly nowMs: () => number;
}

/** `begin`: it is its turn; `busy`: too many wait, or it waited too long; `dropped`: whoever it is for has left. */
export type Turn = "begin" | "busy" | "dropped";

interface Waiting {
  readonly address: string;
  readonly sinceMs: number;
  readonly isGone: () => boolean;
  readonly resolve: (turn: Turn) => void;
}

/**
 * Who waits for a processor. Addresses have their turn one after the other, so that who asks once does not wait behind everybody who
 * asks a thousand times; those whose client has left cost nothing; and nobody waits for long: an answer that comes after the client
 * has given up is no use to it.
 */
export class CheckQueue {
  readonly #init: CheckQueueInit;
  /** By address, each in the order in which they came; the first address is the next. */
  readonly #lines = new Map<string, Waiting[]>();
  #count = 0;
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nobody waits at first. */
  constructor(init: CheckQueueInit) {
    this.#init = init;
  }

  /** Waits for its turn. Who may begin has to {@linkcode leave} when it is done. */
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

  /** One that was under way is done: its place goes from hand to hand, so that nobody slips in between. */
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
      // Behind all others.
      if (line.length > 0) this.#lines.set(address, line);
      this.#took();
      return next;
    }
    return undefined;
  }

  /** Sends away those who have waited too long, or left. */
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

  /** The last of whoever has most waiting goes, unless the newcomer itself has as many. */
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
