import type { Store } from "../ground/ports.ts";
import type { Connection } from "../state/connection.ts";

/**
 * Ended sessions that are remembered while a store fails, and the characters of their names. Of one beyond that nothing is known: if its
 * client comes and is told that it begins anew, a crash before the store works again brings the old session back.
 */
const MAX_ENDING = 100_000;
const MAX_ENDING_LENGTH = 16 * 1024 * 1024;

/** What leaves connections only when the writes of its turn are committed: the one place that lets it go. */
export class Releases {
  /** Ends the turn that a commit begins when it is done. */
  readonly #endTurn: () => void;
  /** Connections with something that waits for the commit of this turn. */
  #holding: Connection[] = [];
  /** Those that wait until a store that fails works again. */
  readonly #deferred = new Set<Connection>();
  /** Clients whose stored session has ended, with the number of that end: until it is committed a crash would bring it back. */
  readonly #ending = new Map<string, number>();
  /** Characters of their names. */
  #endingLength = 0;
  /** Commits that were asked for though nobody waits for them. */
  #lastAsked = 0;
  /** Up to this one there is a commit that says when it is done. */
  #lastBegun = 0;
  #commitsAwaited = 0;
  #committedWrites = 0;
  /** What is to be done when everything up to now is committed. */
  #afterCommit: (() => void)[] = [];

  /** `endTurn`: called when a commit that was not done at once has let something go. */
  constructor(endTurn: () => void) {
    this.#endTurn = endTurn;
  }

  /** Connections that wait until a store that fails works again. */
  get deferredCount(): number {
    return this.#deferred.size;
  }

  /** Clients whose stored session has ended, and that is not committed yet. */
  get endingCount(): number {
    return this.#ending.size;
  }

  /** The connection has something that waits for the commit of this turn. */
  hold(connection: Connection): void {
    this.#holding.push(connection);
  }

  /** Something was written that cannot be told to anybody: nobody waits for that commit, and yet it is made soon. */
  soon(): void {
    this.#lastAsked++;
  }

  /** The stored session of this client has ended: the same, and whoever comes in its name waits for it. */
  end(clientId: string): void {
    this.soon();
    if (!this.#ending.has(clientId)) {
      const length = this.#endingLength + clientId.length;
      if (this.#ending.size >= MAX_ENDING || length > MAX_ENDING_LENGTH) return;
      this.#endingLength = length;
    }
    this.#ending.set(clientId, this.#lastAsked);
  }

  /** Calls `run` when all that was written up to now is committed; while the store fails nobody knows when that is. */
  afterCommit(run: () => void): void {
    this.soon();
    this.#afterCommit.push(run);
  }

  /** Whether a stored session of this client has ended, and that is not committed yet. */
  isEnding(clientId: string): boolean {
    return this.#ending.has(clientId);
  }

  /** The connection is closed: what it waited with is of no use. */
  cancel(connection: Connection): void {
    if (this.#deferred.delete(connection)) connection.outbox.takeHeld()(true);
  }

  /** Commits what the turn has written. */
  commit(store: Store): void {
    // That may go on for hours, in which each commit that is waited for would stay in memory, and with it a connection that has
    // ended long since: one is enough, which says when it is over.
    if (this.#commitsAwaited > 0 && store.isFailing) this.#defer();
    else if (this.#deferred.size > 0) this.#takeUp();
    // What was asked for while the store failed is begun when it works again, though nothing has been written since.
    const isAwaited = this.#holding.length > 0 ||
      this.#lastAsked > this.#lastBegun && !store.isFailing;
    if (!isAwaited && store.writes === this.#committedWrites) return;
    this.#committedWrites = store.writes;
    if (!isAwaited) return store.commit();
    this.#lastBegun = this.#lastAsked;
    const afterwards = this.#afterCommit;
    this.#afterCommit = [];
    const ended = [...this.#ending];
    const held = this.#holding.map((connection) => ({
      connection,
      release: connection.outbox.takeHeld(),
    }));
    this.#holding = [];
    this.#commitsAwaited++;
    let isLater = false;
    store.commit(() => {
      this.#commitsAwaited--;
      for (const [clientId, end] of ended) {
        // It may have begun anew since, and ended again.
        if (this.#ending.get(clientId) === end) this.#forget(clientId);
      }
      for (const { connection, release } of held) release(connection.state === "closed");
      for (const run of afterwards) run();
      // Released within this turn it leaves with it; later it is a turn of its own.
      if (isLater) this.#endTurn();
    });
    isLater = true;
  }

  #forget(clientId: string): void {
    this.#ending.delete(clientId);
    this.#endingLength -= clientId.length;
  }

  #defer(): void {
    for (const connection of this.#holding) {
      this.#deferred.add(connection);
      if (connection.state === "closed") this.cancel(connection);
    }
    this.#holding = [];
  }

  #takeUp(): void {
    this.#holding.push(...this.#deferred);
    this.#deferred.clear();
  }
}
