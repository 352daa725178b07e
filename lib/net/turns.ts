import type { Broker } from "../broker/mod.ts";

/** Milliseconds since 1970 that never go back: what the system's clock does later does not touch a Keep Alive. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Reads of much that follow each other before everybody else is looked at. A read whose bytes are there already is answered at
 * once, without a look at other sockets; so one client that never stops could keep the broker from ever seeing the others,
 * and did, on Deno 2.9.6. Two megabytes are some twenty milliseconds of work; the pause after them is one.
 */
const BUSY_READS = 32;

/** Somebody who goes on after the pause. */
export interface Waiting {
  /** Goes on. */
  resume(): void;
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
  #busyReads = 0;
  #waiting: Waiting[] = [];
  #pause: ReturnType<typeof setTimeout> | undefined;
  readonly #goOn = () => {
    this.#busyReads = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const busy of waiting) busy.resume();
  };
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

  /**
   * Whether a connection with much to read may be read again at once. Where not, it is resumed after a pause: only a timer
   * makes the event loop look at all that is ready.
   */
  mayGoOn(busy: Waiting): boolean {
    if (++this.#busyReads < BUSY_READS) return true;
    if (this.#waiting.push(busy) === 1) this.#pause = setTimeout(this.#goOn, 0);
    return false;
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
    clearTimeout(this.#pause);
    this.#wakeAtMs = -Infinity;
  }
}
