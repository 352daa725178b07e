import { MemoryStore } from "../../lib/store/memory_store.ts";
import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

/** When commits are done: in order, and late. */
export class Commits {
  readonly #clock: Scheduler;
  readonly #random: Random;
  readonly #maxDelayMs: number;
  readonly #turn: (action: () => void) => void;
  #pending = 0;
  #lastMs = 0;
  #process = 0;

  /** `turn` is called around what is done later, for that makes the broker act. */
  constructor(
    clock: Scheduler,
    random: Random,
    maxDelayMs: number,
    turn: (action: () => void) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#maxDelayMs = maxDelayMs;
    this.#turn = turn;
  }

  schedule(run: () => void): void {
    const delayMs = this.#random.int(this.#maxDelayMs + 1);
    if (delayMs === 0 && this.#pending === 0) return run();
    const process = this.#process;
    this.#pending++;
    this.#lastMs = Math.max(this.#lastMs, this.#clock.nowMs + delayMs);
    this.#clock.at(this.#lastMs, () => {
      if (process !== this.#process) return;
      this.#pending--;
      this.#turn(run);
    });
  }

  /** The process is dead: none of those under way is ever done. */
  crash(): void {
    this.#process++;
    this.#pending = 0;
  }
}

/** A store whose commits take their time, and which says what of it would outlive a crash. */
export class SimStore extends MemoryStore {
  /** Of the writes so many are committed. */
  durableWrites = 0;
  readonly commits: Commits;

  constructor(commits: Commits) {
    super((run) => commits.schedule(run));
    this.commits = commits;
  }

  override commit(done?: () => void): void {
    const { writes } = this;
    super.commit(() => {
      this.durableWrites = writes;
      done?.();
    });
  }
}
