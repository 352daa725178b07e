import type { EpollSet } from "./epoll_set.ts";

/** How long the set is asked again and again. */
const SPIN_MS = 0.05;
/** How long the thread of the event loop may sleep: for so long Deno's own sockets and timers wait too. */
const NAP_MICROSECONDS = 1000;
/** The same while something happens on these. */
const SHORT_NAP_MICROSECONDS = 200;
/** A wait that was longer than this, the waking of threads included, is not to be had by a nap. */
const SHORT_WAIT_MS = 1;
/**
 * Asking again and again pays where it finds something two times in three: a hit adds one to the credit, a miss takes two. Without credit
 * it stops, and is tried again after so many naps.
 */
const MOST_CREDIT = 8;
const MISS = 2;
const NAPS_BETWEEN = 64;

/**
 * How to wait for the next event. A call on a thread lets Deno go on meanwhile, but the waking of two threads costs a lone message more
 * than its handling. So a broker that is busy, though not all the time, first asks again and again, then sleeps for a moment where it
 * is; one with little to do goes to the thread at once. What has worked is done again.
 */
export class Patience {
  readonly #set: EpollSet;
  #mayNap = false;
  #credit = MOST_CREDIT / 2;
  #naps = 0;

  /** Waits for events of `set`. */
  constructor(set: EpollSet) {
    this.#set = set;
  }

  /** Waits without Deno, and less where that is busy: 0 or less where it is not worth it, or was in vain. */
  briefly(isDenoBusy: boolean): number {
    if (!this.#mayNap) return 0;
    const count = this.#spin();
    if (count > 0) return count;
    this.#naps++;
    return this.#set.nap(isDenoBusy ? SHORT_NAP_MICROSECONDS : NAP_MICROSECONDS);
  }

  /** Waits for as long as it takes, while Deno goes on. */
  async long(): Promise<number> {
    const startMs = performance.now();
    const count = await this.#set.wait();
    this.#mayNap = performance.now() - startMs < SHORT_WAIT_MS;
    return count;
  }

  #spin(): number {
    if (this.#credit <= 0) {
      // Where the machine has no processor for both of us the others do nothing while we ask.
      if (this.#naps < NAPS_BETWEEN) return 0;
      this.#naps = 0;
      this.#credit = 1;
    }
    const endMs = performance.now() + SPIN_MS;
    let count = 0;
    while (count <= 0 && performance.now() < endMs) count = this.#set.poll();
    if (count > 0) this.#credit = Math.min(MOST_CREDIT, this.#credit + 1);
    else {
      this.#credit -= MISS;
      this.#naps = 0;
    }
    return count;
  }
}
