import type { Broker } from "../broker/mod.ts";

/** Milliseconds since 1970 that never go back: what the system's clock does later does not touch a Keep Alive. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * The rhythm of the broker: all reads that are ready in one round of the event loop are one turn, ended behind them by a
 * microtask; and the one timer that wakes the broker for what is due.
 */
export class Turns {
  #broker: Broker | undefined;
  /** The time of the present turn; read once for all its packets. */
  #turnMs = 0;
  #isOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakeAtMs = Infinity;
  readonly #end = () => {
    this.#isOpen = false;
    this.#broker!.endTurn();
  };

  /** Names the broker whose turns these are: before the first `begin`; the two need each other. */
  attach(broker: Broker): void {
    this.#broker = broker;
  }

  /** Begins a turn, or joins the one that is open, and returns its time. */
  begin(): number {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#turnMs = nowMs();
      queueMicrotask(this.#end);
    }
    return this.#turnMs;
  }

  /** Ticks the broker at this time. A time later than the one already set changes nothing. */
  wake(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    clearTimeout(this.#timer);
    // Timers beyond 2^31 ms fire at once; a day is far enough, the tick looks again.
    const delayMs = Math.min(Math.max(0, atMs - nowMs()), 86_400_000);
    this.#timer = setTimeout(() => {
      this.#wakeAtMs = Infinity;
      this.#broker!.tick(this.begin());
    }, Math.ceil(delayMs));
  }

  /** Wakes the broker no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#wakeAtMs = -Infinity;
  }
}
