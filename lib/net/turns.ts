import type { Broker } from "../broker/mod.ts";

/** Milliseconds since 1970 that never go back: what the system's clock does later does not touch a Keep Alive. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * How long connections with much to read are read without a pause, milliseconds. Deno looks at its sockets only now and then
 * while there is always something to do, and a read that fills its buffer makes the next one possible at once: a client that
 * never stops could keep the broker from seeing the others for seconds, and did, on Deno 2.9.6. The pause is one to two
 * milliseconds of idleness, which make Deno look.
 */
const BUSY_MS = 40;

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
  #lastBusyMs = 0;
  #pauseAtMs = 0;
  #waiting: Waiting[] = [];
  #pause: ReturnType<typeof setTimeout> | undefined;
  #round: ReturnType<typeof setTimeout> | undefined;
  #isLoop = false;
  /**
   * A timer that is due already when the event loop comes to it fires without a look at the sockets, as on a busy machine or behind a long
   * turn. The second one begins in the loop, which has nothing else to do until it is due: so it looks.
   */
  readonly #waitOn = () => {
    this.#pause = setTimeout(this.#goOn, 0);
  };
  readonly #goOn = () => {
    this.#pauseAtMs = nowMs() + BUSY_MS;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const busy of waiting) busy.resume();
  };
  readonly #end = () => {
    if (!this.#isOpen) return; // It has ended with a round of a loop.
    this.#isOpen = false;
    this.#broker!.endTurn();
  };

  /** Names the broker whose turns these are: before the first `begin`; the two need each other. */
  attach(broker: Broker): void {
    this.#broker = broker;
  }

  /** Turns that were begun and not opened: by Deno's sockets, timers and Workers, where there is another transport. */
  begunCount = 0;

  /** Begins a turn, or joins the one that is open, and returns its time. */
  begin(): number {
    if (!this.#isOpen) {
      this.begunCount++;
      this.#isOpen = true;
      this.#turnMs = nowMs();
      queueMicrotask(this.#end);
    }
    return this.#turnMs;
  }

  /** Begins a turn that `shut` ends, or takes over the one that is open, and returns its time: the loop of a transport does. */
  open(): number {
    this.#isOpen = true;
    return this.#turnMs = nowMs();
  }

  /** Ends the turn now. */
  shut(): void {
    this.#isOpen = false;
    this.#isLoop = true;
    this.#broker!.endTurn();
    this.#isLoop = false;
  }

  /**
   * Calls it when Deno has handled all that was ready: it takes up to some thirty reads in a row, each of which is a turn of its own, before
   * it looks at its timers and at who else has come. A loop of a transport has seen everybody when it shuts its turn.
   */
  afterRound(done: () => void): void {
    if (this.#isLoop) return done();
    this.#round ??= setTimeout(() => {
      this.#round = undefined;
      done();
    }, 0);
  }

  /** Whether a connection with much to read may be read again at once. Where not, it is resumed after the pause. */
  mayGoOn(busy: Waiting): boolean {
    // Nobody was busy for a while: the event loop has seen everybody.
    if (this.#turnMs > this.#lastBusyMs + BUSY_MS) this.#pauseAtMs = this.#turnMs + BUSY_MS;
    this.#lastBusyMs = this.#turnMs;
    if (this.#turnMs < this.#pauseAtMs) return true;
    this.#waiting.push(busy);
    // From the last on: while one of them is still handled, nothing is idle.
    clearTimeout(this.#pause);
    this.#pause = setTimeout(this.#waitOn, 0);
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
    clearTimeout(this.#round);
    this.#wakeAtMs = -Infinity;
  }
}
