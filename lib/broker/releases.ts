import type { Connection } from "./connection.ts";
import type { Store } from "./ports.ts";

/** What leaves connections only when the writes of its turn are committed: the one place that lets it go. */
export class Releases {
  /** Ends the turn that a commit begins when it is done. */
  readonly #endTurn: () => void;
  /** Connections with something that waits for the commit of this turn. */
  #holding: Connection[] = [];
  /** Those that wait until a store that fails works again. */
  readonly #deferred = new Set<Connection>();
  #commitsAwaited = 0;
  #committedWrites = 0;

  /** `endTurn`: called when a commit that was not done at once has let something go. */
  constructor(endTurn: () => void) {
    this.#endTurn = endTurn;
  }

  /** Connections that wait until a store that fails works again. */
  get deferredCount(): number {
    return this.#deferred.size;
  }

  /** The connection has something that waits for the commit of this turn. */
  hold(connection: Connection): void {
    this.#holding.push(connection);
  }

  /** The connection is closed: what it waited with is of no use. */
  forget(connection: Connection): void {
    if (this.#deferred.delete(connection)) connection.takeHeld()();
  }

  /** Commits what the turn has written. */
  commit(store: Store): void {
    // That may go on for hours, in which each commit that is waited for would stay in memory, and with it a connection that has
    // ended long since: one is enough, which says when it is over.
    if (this.#commitsAwaited > 0 && store.isFailing) this.#defer();
    else if (this.#deferred.size > 0) this.#resume();
    if (this.#holding.length === 0 && store.writes === this.#committedWrites) return;
    this.#committedWrites = store.writes;
    if (this.#holding.length === 0) return store.commit();
    const releases = this.#holding.map((connection) => connection.takeHeld());
    this.#holding = [];
    this.#commitsAwaited++;
    let isLater = false;
    store.commit(() => {
      this.#commitsAwaited--;
      for (const release of releases) release();
      // Released within this turn it leaves with it; later it is a turn of its own.
      if (isLater) this.#endTurn();
    });
    isLater = true;
  }

  #defer(): void {
    for (const connection of this.#holding) {
      this.#deferred.add(connection);
      if (connection.state === "closed") this.forget(connection);
    }
    this.#holding = [];
  }

  #resume(): void {
    this.#holding.push(...this.#deferred);
    this.#deferred.clear();
  }
}
