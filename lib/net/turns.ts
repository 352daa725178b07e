import type { Broker } from "../broker/mod.ts";

/** Milliseconds since 1970 that never go back: what the system's clock does later does not touch a Keep Alive. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * How long busy connections are read without a look at everybody else, milliseconds. A read whose bytes are there already is
 * answered at once, within the same round of the event loop, and a connection that always has some could keep the loop from
 * ever seeing the others: measured on Deno 2.9.6, two such connections made a third wait for seconds.
 */
const ROUND_MS = 4;

/** Somebody who goes on in the next round. */
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
  /** The first busy turn of this round of the event loop. */
  #roundMs = 0;
  #isRoundOpen = false;
  #waiting: Waiting[] = [];
  readonly #nextRound = () => {
    this.#isRoundOpen = false;
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
   * Whether a connection with much to read may be read again at once. Where not, it is resumed in the next round of the event
   * loop. Rounds are told apart by a timer, and only while somebody is busy.
   */
  mayGoOn(busy: Waiting): boolean {
    if (!this.#isRoundOpen) {
      this.#isRoundOpen = true;
      this.#roundMs = this.#turnMs;
      setTimeout(this.#nextRound, 0);
    }
    if (this.#turnMs - this.#roundMs < ROUND_MS) return true;
    this.#waiting.push(busy);
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
    this.#wakeAtMs = -Infinity;
  }
}
