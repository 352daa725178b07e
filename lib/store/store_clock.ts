/** What a store knows of time. */
export interface StoreClock {
  /** Milliseconds that only grow, from whenever. */
  now(): number;
  /** Milliseconds since 1970, as the core's clock counts them. */
  date(): number;
  /** Calls `run` in so many milliseconds; what is returned prevents it. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's. */
export const SYSTEM_CLOCK: StoreClock = {
  now: () => performance.now(),
  // Unlike `Date.now` it never jumps.
  date: () => performance.timeOrigin + performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
