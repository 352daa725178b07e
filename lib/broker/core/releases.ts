import type { Store } from "../ground/ports.ts";
import type { Connection } from "../state/connection.ts";

/**
 * The most ended sessions that are remembered while the store fails, and the most characters of their names. Sessions beyond that
 * are not remembered: if the client of one connects and is told that it has a new session, and the broker crashes before the store
 * works again, the old session is back after the restart.
 */
const MAX_ENDING = 100_000;
const MAX_ENDING_LENGTH = 16 * 1024 * 1024;

/** Holds packets that may leave only when the writes of their turn are committed: the one place that releases them. */
export class Releases {
  /** Ends the turn that begins when a commit is done. */
  readonly #endTurn: () => void;
  /** Connections with packets that wait for the commit of this turn. */
  #holding: Connection[] = [];
  /** Connections with packets that wait until the failing store works again. */
  readonly #deferred = new Set<Connection>();
  /**
   * Clients whose stored session has ended, with the number of that end. Until this is committed, a crash would bring the session
   * back.
   */
  readonly #ending = new Map<string, number>();
  /** Characters of the Client Identifiers in `#ending`. */
  #endingLength = 0;
  /** The number of the last commit that was requested by `soon`, without a connection that waits for it. */
  #lastAsked = 0;
  /** The number of the last request for which a commit has begun that will report its end. */
  #lastBegun = 0;
  #commitsAwaited = 0;
  #committedWrites = 0;
  /** Functions to call when everything written up to now is committed. */
  #afterCommit: (() => void)[] = [];

  /** `endTurn`: called when a commit that was not done at once has released packets. */
  constructor(endTurn: () => void) {
    this.#endTurn = endTurn;
  }

  /** Number of connections with packets that wait until the failing store works again. */
  get deferredCount(): number {
    return this.#deferred.size;
  }

  /** Number of clients whose stored session has ended, where that is not committed yet. */
  get endingCount(): number {
    return this.#ending.size;
  }

  /** The connection has packets that wait for the commit of this turn. */
  hold(connection: Connection): void {
    this.#holding.push(connection);
  }

  /** Requests a commit at the end of the turn, for writes that no packet waits for. */
  soon(): void {
    this.#lastAsked++;
  }

  /**
   * The stored session of this client has ended: requests a commit, and whoever connects with this Client Identifier waits for it.
   */
  end(clientId: string): void {
    this.soon();
    if (!this.#ending.has(clientId)) {
      const length = this.#endingLength + clientId.length;
      if (this.#ending.size >= MAX_ENDING || length > MAX_ENDING_LENGTH) return;
      this.#endingLength = length;
    }
    this.#ending.set(clientId, this.#lastAsked);
  }

  /** Calls `run` when all that was written up to now is committed; while the store fails that may take any time. */
  afterCommit(run: () => void): void {
    this.soon();
    this.#afterCommit.push(run);
  }

  /** Whether a stored session of this client has ended, and this is not committed yet. */
  isEnding(clientId: string): boolean {
    return this.#ending.has(clientId);
  }

  /** The connection is closed: discards its packets that waited. */
  cancel(connection: Connection): void {
    if (this.#deferred.delete(connection)) connection.outbox.takeHeld()(true);
  }

  /** Commits what the turn has written. */
  commit(store: Store): void {
    // A store may fail for hours. Each commit with a callback would stay in memory for that time, and with it connections that
    // ended long ago. One such commit is enough: its callback tells when the store works again.
    if (this.#commitsAwaited > 0 && store.isFailing) this.#defer();
    else if (this.#deferred.size > 0) this.#takeUp();
    // Commits that were requested while the store failed begin when it works again, even if nothing has been written since.
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
        // The client may have had a new session since, which has ended too.
        if (this.#ending.get(clientId) === end) this.#forget(clientId);
      }
      for (const { connection, release } of held) release(connection.state === "closed");
      for (const run of afterwards) run();
      // Packets that are released within this turn leave with it; later releases need a turn of their own.
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
