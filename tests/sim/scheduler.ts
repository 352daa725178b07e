/** Something that happens at a time. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** The simulated clock, and what is to happen: in order of time, and of scheduling where that is the same. */
export class Scheduler {
  nowMs = 1_000_000;
  /** Events that have happened: a run that does not come to rest is found by it. */
  count = 0;
  /** The next one last. */
  readonly #events: Event[] = [];
  #order = 0;

  /** Calls `run` at this time, or as soon as may be where it has passed. */
  at(atMs: number, run: () => void): void {
    const event = { atMs, order: this.#order++, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Lets time pass, and everything happen that is due. */
  runFor(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#events.at(-1);
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.count++;
      next.run();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** The machine was asleep: it is later, and nothing has happened yet. */
  jump(durationMs: number): void {
    this.nowMs += durationMs;
  }
}
