import type { Store } from "../broker/mod.ts";

/** A commit that is not done. */
interface Waiting {
  readonly number: number;
  readonly heard: number;
  readonly done: () => void;
}

/** What a store needs to know of the log. */
export interface LogCommits {
  /** Grows with every message that is put into the log. */
  readonly writes: number;
  /** Whether nothing can be put into it. */
  readonly isFailing: boolean;
  /** Sends what the turn has put into it; returns the number of the last record that is not applied here, 0: all are. */
  flush(): number;
}

/** What a store needs to know of shared subscriptions. */
export interface ShareCommits {
  /** Grows with every change that others are told. */
  readonly writes: number;
  /** Puts into the log what has changed in this turn. */
  flush(): void;
}

/** What a store needs to know of the node's subscriptions at NATS. */
export interface SettledInterests {
  /** Grows with every Topic Filter that the server has to hear of. */
  readonly begun: number;
  /** Calls `done` when it has heard of all of them. */
  settle(done: () => void): void;
}

/** A node's commits, in order: each is done when the log has come to all that was put into it before, and the node's own store has what that has changed. */
export class Commits {
  readonly #own: Pick<Store, "commit">;
  readonly #log: LogCommits;
  readonly #interests: SettledInterests;
  readonly #shares: ShareCommits;
  /** Commits that wait for a record to be applied, and for an answer of the server, in order. */
  #waiting: Waiting[] = [];
  /** The last record that is applied. */
  #applied = 0;
  /** How many subscriptions the server was asked about, and has heard of. */
  #asked = 0;
  #heard = 0;

  /** `own`: the node's store. */
  constructor(
    own: Pick<Store, "commit">,
    log: LogCommits,
    interests: SettledInterests,
    shares: ShareCommits,
  ) {
    this.#own = own;
    this.#log = log;
    this.#interests = interests;
    this.#shares = shares;
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    this.#shares.flush();
    const number = this.#log.flush();
    this.#ask();
    const heard = this.#asked;
    const isDone = number <= this.#applied && heard === this.#heard && this.#waiting.length === 0;
    if (done === undefined || isDone) return this.#own.commit(done);
    this.#waiting.push({ number, heard, done });
    this.#own.commit();
  }

  /** The log has come to this node's record of that number, and it is applied. */
  applied(number: number): void {
    this.#applied = number;
    this.#release();
  }

  #ask(): void {
    const { begun } = this.#interests;
    if (begun === this.#asked) return;
    this.#asked = begun;
    this.#interests.settle(() => {
      this.#heard = begun;
      if (this.#waiting.length > 0) this.#release();
    });
  }

  #release(): void {
    const count = this.#waiting.findIndex(({ number, heard }) =>
      number > this.#applied || heard > this.#heard
    );
    const done = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    if (done.length === 0) return this.#own.commit();
    this.#own.commit(() => {
      for (const waiting of done) waiting.done();
    });
  }
}
