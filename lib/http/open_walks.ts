import { Problem } from "./problem.ts";

/** Walks that may be paused at one time, and for how long, milliseconds. */
const MAX_WALKS = 32;
const MAX_REST_MS = 60_000;

interface Resting<T> {
  readonly walk: Generator<T, void>;
  readonly untilMs: number;
}

/**
 * Keeps walks over many items paused between two pages, so that paging through all items visits each once, not once for each page. Only few
 * are kept, and not for long.
 */
export class OpenWalks<T> {
  readonly #walks = new Map<string, Resting<T>>();
  readonly #now: () => number;

  /** `now` returns the clock's milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Pauses a walk; returns the name with which it can be resumed once. */
  rest(walk: Generator<T, void>): string {
    const nowMs = this.#now();
    for (const [name, { untilMs }] of this.#walks) {
      if (untilMs <= nowMs || this.#walks.size >= MAX_WALKS) this.#walks.delete(name);
    }
    const name = crypto.randomUUID();
    this.#walks.set(name, { walk, untilMs: nowMs + MAX_REST_MS });
    return name;
  }

  /** Returns the walk of that name; throws a {@linkcode Problem} if it is not kept any more. */
  resume(name: string): Generator<T, void> {
    const resting = this.#walks.get(name);
    this.#walks.delete(name);
    if (resting !== undefined && resting.untilMs > this.#now()) return resting.walk;
    throw new Problem(410, "after: the next page was asked for too late, or twice; begin again");
  }
}
