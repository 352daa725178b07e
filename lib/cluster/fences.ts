/** As it is stored: nodes that were taken for dead, and sessions that have ended, each with a place in the log. */
export interface SavedFences {
  readonly died: readonly (readonly [node: string, at: number])[];
  /** `losers`: their names, with commas. */
  readonly ended: readonly (readonly [clientId: string, at: number, losers: string])[];
}

/** Where a session went to, and the nodes that have not said anything since, of those that had it before. */
interface Ended {
  readonly at: number;
  readonly losers: Set<string>;
}

/** With more the oldest is forgotten. */
const MAX_ENDED = 100;

/**
 * What a node wrote before it knew that sessions are not its own any more does not count. While a session has a node, that node decides. Where
 * it has ended since, or its node was taken for dead, this is what is left of it.
 */
export class Fences {
  /** The record by which each node was taken for dead. */
  readonly #died = new Map<string, number>();
  /** Sessions that went to another node by this record and have ended there, and the nodes that had them before. */
  readonly #ended = new Map<string, Ended>();

  /** A node was taken for dead. */
  died(node: string, at: number): void {
    this.#died.set(node, at);
  }

  /** A session has ended that these nodes had before this record. */
  ended(clientId: string, at: number, losers: Iterable<string>): void {
    this.#ended.delete(clientId);
    this.#ended.set(clientId, { at, losers: new Set(losers) });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
  }

  /** Whether a node that had applied `since` may speak of a session that has no node. */
  passes(clientId: string, node: string, since: number): boolean {
    return since >= (this.#died.get(node) ?? 0) && since >= (this.#ended.get(clientId)?.at ?? 0);
  }

  /** A session has begun anew at the node that had it before as well. */
  begunAnew(clientId: string, at: number, node: string): void {
    this.ended(clientId, at, [node, ...this.#ended.get(clientId)?.losers ?? []]);
  }

  /** Whether a session has begun anew at its node, which had not applied that when it wrote this. */
  isOfEarlier(clientId: string, node: string, since: number): boolean {
    const ended = this.#ended.get(clientId);
    return ended !== undefined && since < ended.at && ended.losers.has(node);
  }

  /** A node writes, and had applied `since`: so it will all its life. */
  seen(node: string, since: number): void {
    if (since >= (this.#died.get(node) ?? Infinity)) this.#died.delete(node);
    for (const [clientId, { at, losers }] of this.#ended) {
      if (since < at || !losers.delete(node)) continue;
      if (losers.size === 0) this.#ended.delete(clientId);
    }
  }

  /** What is stored; `undefined`: nothing. */
  get saved(): SavedFences | undefined {
    if (this.#died.size + this.#ended.size === 0) return undefined;
    const ended = [...this.#ended]
      .map(([id, { at, losers }]) => [id, at, [...losers].join()] as const);
    return { died: [...this.#died], ended };
  }

  /** Takes over what was stored. */
  load({ died, ended }: SavedFences): void {
    for (const [node, at] of died) this.died(node, at);
    for (const [clientId, at, losers] of ended) this.ended(clientId, at, losers.split(","));
  }
}
