import type { ShareMembers } from "../broker/mod.ts";

/** The table as it is stored with the position in the log. */
export interface SavedShares {
  /** From this place in the log on all is known that nodes have to deliver; absent: an older program has stored it, and it is not. */
  readonly wholeSince?: number;
  /** Since which place in the log each node knows what others have to deliver; `null`: it is dead. */
  readonly since: readonly (readonly [node: string, place: number | null])[];
  readonly groups: readonly (readonly [
    share: string,
    rows: readonly (readonly [
      node: string,
      connected: number,
      kept: number,
      gainedAt?: number,
    ])[],
  ])[];
}

/** The members of one node. */
interface Row extends ShareMembers {
  /** The record by which the last of them has come from another node, as far as that one has said so; 0: none has. */
  readonly gainedAt: number;
}

/** Who can be chosen, by name, with how many members each. */
interface Choice {
  readonly nodes: readonly (readonly [node: string, weight: number])[];
  readonly total: number;
}

const NOBODY: Choice = { nodes: [], total: 0 };
/** Multiples of it, less their whole part, spread evenly however many follow one another. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Which nodes have members of which shared subscriptions, by the log, and so the same on every node at the same place. */
export class ShareTable {
  readonly #groups = new Map<string, Map<string, Row>>();
  readonly #since = new Map<string, number>();
  readonly #choices = new Map<string, Choice>();
  #text: string | undefined;
  #wholeSince = 0;

  /** The shared subscriptions that some node has members of. */
  get shares(): Iterable<string> {
    return this.#groups.keys();
  }

  /** The nodes that have members. */
  get nodes(): ReadonlySet<string> {
    const nodes = new Set<string>();
    for (const rows of this.#groups.values()) for (const node of rows.keys()) nodes.add(node);
    return nodes;
  }

  /** The nodes that have ever said what they know of, dead ones too. */
  get known(): Iterable<string> {
    return this.#since.keys();
  }

  /** The shared subscriptions of one node. */
  sharesOf(node: string): readonly string[] {
    return [...this.#groups].filter(([, rows]) => rows.has(node)).map(([share]) => share);
  }

  /** Whether some node has members. */
  has(share: string): boolean {
    return this.#groups.has(share);
  }

  /** Whether this node has members. */
  hasNode(share: string, node: string): boolean {
    return this.#groups.get(share)?.has(node) === true;
  }

  /** {@linkcode SavedShares.wholeSince} */
  get wholeSince(): number {
    return this.#wholeSince;
  }

  set wholeSince(place: number) {
    this.#wholeSince = place;
    this.#text = undefined;
  }

  /** The table as JSON; made anew after a change only. */
  get text(): string {
    return this.#text ??= JSON.stringify(
      {
        wholeSince: this.#wholeSince,
        since: [...this.#since],
        groups: [...this.#groups].map(([share, rows]) => [
          share,
          [...rows].map(([node, { connected, kept, gainedAt }]) =>
            gainedAt > 0
              ? [node, connected, kept, gainedAt] as const
              : [node, connected, kept] as const
          ),
        ]),
      } satisfies SavedShares,
    );
  }

  /** Takes over what was stored. `from`: the first place in the log that is read. */
  load({ wholeSince, since, groups }: SavedShares, from: number): void {
    this.wholeSince = wholeSince ?? from;
    for (const [node, place] of since) this.#since.set(node, place ?? Infinity);
    for (const [share, rows] of groups) {
      for (const [node, connected, kept, gainedAt = 0] of rows) {
        this.set(share, node, { connected, kept });
        if (gainedAt > 0) this.gain(share, node, gainedAt);
      }
    }
  }

  /** A node has so many members; none: it is out. */
  set(share: string, node: string, members: ShareMembers): void {
    let rows = this.#groups.get(share);
    if (members.connected + members.kept > 0) {
      if (rows === undefined) this.#groups.set(share, rows = new Map());
      rows.set(node, { ...members, gainedAt: rows.get(node)?.gainedAt ?? 0 });
    } else {
      rows?.delete(node);
      if (rows?.size === 0) this.#groups.delete(share);
    }
    this.#choices.delete(share);
    this.#text = undefined;
  }

  /** A session of a member has come to the node by this record: it has one at least, until it says otherwise. */
  gain(share: string, node: string, at: number): void {
    if (!this.hasNode(share, node)) this.set(share, node, { connected: 0, kept: 1 });
    const rows = this.#groups.get(share)!;
    const row = rows.get(node)!;
    rows.set(node, { ...row, gainedAt: Math.max(row.gainedAt, at) });
    this.#text = undefined;
  }

  /** The record by which the last member has come to the node from another one. */
  gainedAt(share: string, node: string): number {
    return this.#groups.get(share)?.get(node)?.gainedAt ?? 0;
  }

  /** From this place on the node knows what others have to deliver. */
  knowsSince(node: string, place: number): void {
    this.#since.set(node, place);
    this.#text = undefined;
  }

  /** A node is dead: until it says otherwise it knows of nothing. */
  remove(node: string): void {
    for (const share of this.sharesOf(node)) this.set(share, node, { connected: 0, kept: 0 });
    this.knowsSince(node, Infinity);
  }

  /** Whether a node knows of the message of this place, if others had to deliver it. */
  knows(node: string, place: number): boolean {
    return (this.#since.get(node) ?? 0) <= place;
  }

  /**
   * The node that delivers the message with this number; `undefined`: there is none. Those with connected members go first, and nodes get
   * messages in proportion to their members. `knownAt`: only nodes that know what was before this place.
   */
  choose(share: string, draw: number, knownAt = Infinity): string | undefined {
    const { nodes, total } = knownAt === Infinity
      ? this.#choiceOf(share)
      : this.#newChoice(share, knownAt);
    let left = draw * GOLDEN % 1 * total;
    for (const [node, weight] of nodes) {
      left -= weight;
      if (left < 0) return node;
    }
    return nodes.at(-1)?.[0];
  }

  #choiceOf(share: string): Choice {
    let choice = this.#choices.get(share);
    if (choice === undefined) this.#choices.set(share, choice = this.#newChoice(share, Infinity));
    return choice;
  }

  #newChoice(share: string, knownAt: number): Choice {
    const rows = [...this.#groups.get(share) ?? []]
      .filter(([node]) => knownAt === Infinity || this.knows(node, knownAt))
      .sort(([a], [b]) => a < b ? -1 : 1);
    if (rows.length === 0) return NOBODY;
    const isAnyConnected = rows.some(([, { connected }]) => connected > 0);
    const nodes = rows.map(([node, { connected, kept }]) =>
      [node, isAnyConnected ? connected : kept] as const
    );
    return { nodes, total: nodes.reduce((sum, [, weight]) => sum + weight, 0) };
  }
}
