/** What a node of a cluster knows of where bridges are. The session of a bridge belongs to one node, which has the bridge. */
export interface BridgeHomes {
  /** The name of this node. */
  readonly node: string;
  /** Whether the cluster is reached, so that no other node takes this one for dead. */
  readonly isReached: boolean;
  /** Says to the others which bridges this node may have, by the Client Identifiers of their sessions. */
  offer(clientIds: readonly string[]): void;
  /** Says to the others that this node ends, so that they take its bridges at once. */
  leave(): void;
  /** Whether that node has said that it ends. */
  isLeaving(node: string): boolean;
  /** The node that the session belongs to; `undefined`: to none. */
  homeOf(clientId: string): string | undefined;
  /** Whether that node is heard. */
  isThere(node: string): boolean;
  /** The nodes that are heard and may have the bridge, by name; this one is among them where it may. */
  candidates(clientId: string): readonly string[];
  /** The session is to belong to this node. Whether it does `homeOf` says a moment later. */
  claim(clientId: string): void;
}

/** How a bridge that any node may have, or one of several, stands to this node. */
export interface Standing {
  /** The Client Identifier of its session. */
  readonly clientId: string;
  /** No other node may have it. */
  readonly isPinned: boolean;
  /** Whether there is a session of it here already, of before it was the cluster's. */
  readonly hasSession: boolean;
}

/** A node that has just started has said by then which bridges it may have, and was heard. */
const FIRST_MS = 1500;
/** How much longer the next node waits, and a node whose claim the log has not come to. */
const NEXT_MS = 2000;
/** A node that is there and has the session has said by then that it may have the bridge. */
const SAYS_MS = 5000;

/**
 * Decides whether this node has the bridge.
 *
 * | the session belongs to         | and                              | this node                          |
 * |--------------------------------|----------------------------------|------------------------------------|
 * | this node                      | the cluster is reached           | has the bridge                     |
 * | this node                      | is cut off, and others might have it | has it no more                 |
 * | another node                   | which may have it, or is not heard   | leaves it: of a dead node another one inherits |
 * | another node                   | which is heard, and may not have it  | claims it after a while        |
 * | another node                   | which ends                       | claims it at once                  |
 * | no node                        |                                  | claims it after a while            |
 */
export class HomeWatch {
  readonly #homes: BridgeHomes;
  /** Since when the session belongs to nobody who may have it, and to whom. */
  #vacant: { readonly home: string | undefined; readonly sinceMs: number } | undefined;
  #claimedAtMs = -Infinity;

  /** Nothing is asked before `look`. */
  constructor(homes: BridgeHomes) {
    this.#homes = homes;
  }

  /** To be called from time to time; returns whether this node has the bridge. */
  look({ clientId, isPinned, hasSession }: Standing, nowMs: number): boolean {
    const { node, isReached } = this.#homes;
    const home = this.#homes.homeOf(clientId);
    if (home === node) {
      this.#vacant = undefined;
      return isReached || isPinned;
    }
    const candidates = this.#homes.candidates(clientId);
    const isTaken = home !== undefined &&
      (candidates.includes(home) || !this.#homes.isThere(home));
    if (isTaken || !isReached) {
      this.#vacant = undefined;
      return false;
    }
    if (this.#vacant === undefined || this.#vacant.home !== home) {
      this.#vacant = { home, sinceMs: nowMs };
    }
    const turnMs = NEXT_MS * Math.max(0, candidates.indexOf(node));
    const ownMs = home !== undefined
      ? this.#homes.isLeaving(home) ? turnMs : SAYS_MS
      : isPinned || hasSession
      ? 0
      : FIRST_MS + turnMs;
    const isLongEnough = nowMs - this.#vacant.sinceMs >= ownMs;
    if (!isLongEnough || nowMs - this.#claimedAtMs < NEXT_MS) return false;
    this.#claimedAtMs = nowMs;
    this.#homes.claim(clientId);
    return false;
  }
}
