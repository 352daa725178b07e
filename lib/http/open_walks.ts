import { Problem } from "./problem.ts";

/** Walks that rest at one time, and for how long, milliseconds. */
const MAX_WALKS = 32;
const MAX_REST_MS = 60_000;

interface Resting<T> {
  readonly walk: Generator<T, void>;
  readonly untilMs: number;
}

/**
 * Walks over very many things that rest between two pages: so going through all of them costs each of them once, and not once for each
 * page. Few rest at one time, and not for long.
 */
export class OpenWalks<T> {
  readonly #walks = new Map<string, Resting<T>>();
  readonly #now: () => number;

  /** `now`: the clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Puts a walk to rest; returns the name under which it goes on, once. */
  rest(walk: Generator<T, void>): string {
    const nowMs = this.#now();
    for (const [name, { untilMs }] of this.#walks) {
      if (untilMs <= nowMs || this.#walks.size >= MAX_WALKS) this.#walks.delete(name);
    }
    const name = crypto.randomUUID();
    this.#walks.set(name, { walk, untilMs: nowMs + MAX_REST_MS });
    return name;
  }

  /** The walk of that name; throws a {@linkcode Problem} where it rests no more. */
  resume(name: string): Generator<T, void> {
    const resting = this.#walks.get(name);
    this.#walks.delete(name);
    if (resting !== undefined && resting.untilMs > this.#now()) return resting.walk;
    throw new Problem(410, "after: the next page was asked for too late, or twice; begin again");
  }
}
