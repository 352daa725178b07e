import type { EpollSet } from "./epoll_set.ts";

/** How long the set is polled in a loop, milliseconds. */
const SPIN_MS = 0.05;
/** How long the event loop's thread may sleep; Deno's own sockets and timers wait as long. */
const NAP_MICROSECONDS = 1000;
/** The same while Deno's own sockets and timers are busy. */
const SHORT_NAP_MICROSECONDS = 200;
/** After a wait longer than this, which includes waking threads, napping is not worth it. */
const SHORT_WAIT_MS = 1;
/**
 * Polling in a loop pays if it finds an event two times in three: a hit adds one credit, a miss takes two. Without credit it stops, and is
 * tried again after `NAPS_BETWEEN` naps.
 */
const MOST_CREDIT = 8;
const MISS = 2;
const NAPS_BETWEEN = 64;

/**
 * Decides how to wait for the next event. A call on another thread lets Deno go on meanwhile, but waking two threads costs more than
 * handling a single message. A broker that is busy with short pauses therefore first polls in a loop, then sleeps on its own thread for a
 * moment; a broker with little to do uses the other thread at once. The length of the last wait decides.
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

  /** Waits on this thread, shorter if Deno is busy. Returns 0 or less if waiting is not worth it or found nothing. */
  briefly(isDenoBusy: boolean): number {
    if (!this.#mayNap) return 0;
    const count = this.#spin();
    if (count > 0) return count;
    this.#naps++;
    return this.#set.nap(isDenoBusy ? SHORT_NAP_MICROSECONDS : NAP_MICROSECONDS);
  }

  /** Waits on another thread until there is an event, while Deno goes on. */
  async long(): Promise<number> {
    const startMs = performance.now();
    const count = await this.#set.wait();
    this.#mayNap = performance.now() - startMs < SHORT_WAIT_MS;
    return count;
  }

  #spin(): number {
    if (this.#credit <= 0) {
      // Pauses polling for a while: on a machine without a spare processor the clients cannot run while this loop polls.
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
