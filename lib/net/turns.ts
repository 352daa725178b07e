import type { Broker } from "../broker/mod.ts";

/** Milliseconds since 1970 from a clock that never goes back: later changes of the system's clock do not affect a Keep Alive. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * How long busy connections are read without a pause, milliseconds. While there is always work, Deno polls its sockets only now and then,
 * and a read that fills its buffer makes the next one possible at once: on Deno 2.9.6 a client that never stopped kept the broker from
 * seeing others for seconds. The pause is one to two milliseconds of idle time, in which Deno polls.
 */
const BUSY_MS = 40;
/**
 * How many of those that waited for the pause continue before the event loop turns. Each may have 64 KB to read at once, and thousands would
 * use up the time of many pauses in one piece.
 */
const TOGETHER = 16;

/** A connection that continues after the pause, or a listener. */
export interface Waiting {
  /** Continues to read, or to accept. */
  resume(): void;
}

/**
 * The rhythm of the broker: all reads that are ready in one round of the event loop are one turn, which a microtask ends; and one timer
 * wakes the broker for what is due.
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
   * Sets a second timer. On a busy machine or after a long turn, the first is due already when the event loop reaches it, and fires before
   * the sockets are polled. The second one starts within the loop, which is idle until it is due, and so polls.
   */
  readonly #waitOn = () => {
    this.#pause = setTimeout(this.#afterPause, 0);
  };
  readonly #afterPause = () => {
    this.#pauseAtMs = nowMs() + BUSY_MS;
    this.#goOn();
  };
  /** Resumes those that have waited longest; if there are more, they continue in the next round of the event loop, or after a pause. */
  readonly #goOn = () => {
    const waiting = this.#waiting.splice(0, TOGETHER);
    if (this.#waiting.length > 0) {
      const isPauseDue = nowMs() >= this.#pauseAtMs;
      this.#pause = setTimeout(isPauseDue ? this.#waitOn : this.#goOn, 0);
    }
    for (const busy of waiting) busy.resume();
  };
  readonly #end = () => {
    if (!this.#isOpen) return; // A transport's loop has ended it already.
    this.#isOpen = false;
    this.#broker!.endTurn();
  };

  /** Sets the broker, which needs the turns itself. Call it before the first `begin`. */
  attach(broker: Broker): void {
    this.#broker = broker;
  }

  /** Turns begun with `begin`, not `open`. With another transport these come from Deno's sockets, timers and Workers. */
  begunCount = 0;

  /** Begins a turn, or joins the open one, and returns its time. */
  begin(): number {
    if (!this.#isOpen) {
      this.begunCount++;
      this.#isOpen = true;
      this.#turnMs = nowMs();
      queueMicrotask(this.#end);
    }
    return this.#turnMs;
  }

  /** Begins a turn that `shut` ends, or takes over the open one, and returns its time. For the loop of a transport. */
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
   * Calls `done` when Deno has handled everything that was ready. Deno handles up to some thirty reads in a row, each a turn of its own,
   * before it looks at timers and new connections. The loop of a transport has handled all of them when it shuts its turn.
   */
  afterRound(done: () => void): void {
    if (this.#isLoop) return done();
    this.#round ??= setTimeout(() => {
      this.#round = undefined;
      done();
    }, 0);
  }

  /**
   * Whether a busy connection may be read again at once, or a listener may accept. If not, it is resumed after the pause, `isFirst` before
   * all others.
   */
  mayGoOn(busy: Waiting, isFirst = false): boolean {
    // No connection was busy for a while, so the event loop has polled all.
    if (this.#turnMs > this.#lastBusyMs + BUSY_MS) this.#pauseAtMs = this.#turnMs + BUSY_MS;
    this.#lastBusyMs = this.#turnMs;
    const isPauseDue = this.#turnMs >= this.#pauseAtMs;
    if (!isPauseDue && this.#waiting.length === 0) return true;
    if (isFirst) this.#waiting.unshift(busy);
    else this.#waiting.push(busy);
    // Others have not had their part since the last pause, and come first.
    if (!isPauseDue) return false;
    // The pause counts from the last busy connection, because the event loop is not idle while one is handled.
    clearTimeout(this.#pause);
    this.#pause = setTimeout(this.#waitOn, 0);
    return false;
  }

  /** Calls the broker's `tick` at this time, unless an earlier time is set already. */
  wake(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    clearTimeout(this.#timer);
    // Timers beyond 2^31 ms fire at once. A day is long enough: the tick sets the next timer.
    const delayMs = Math.min(Math.max(0, atMs - nowMs()), 86_400_000);
    this.#timer = setTimeout(() => {
      this.#wakeAtMs = Infinity;
      this.#broker!.tick(this.begin());
    }, Math.ceil(delayMs));
  }

  /** Stops all timers. */
  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#pause);
    clearTimeout(this.#round);
    this.#wakeAtMs = -Infinity;
  }
}
