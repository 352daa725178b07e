import { BRIDGE_CLIENT_PREFIX, type SessionChange } from "../broker/mod.ts";
import { Fences } from "./fences.ts";
import type { StoredHome } from "./stored_home.ts";

/** Who has written a record, and what it had applied. {@linkcode Origin} */
export interface Writer {
  readonly node: string;
  readonly since: number;
}

/**
 * Which node each session belongs to, by the log, and so whose word on it counts. Every node that has applied the same records says the same here.
 */
export class Homes {
  /** Of sessions that have no node. */
  readonly fences: Fences = new Fences();
  readonly #node: string;
  /** The node of each session. */
  readonly #homes = new Map<string, string>();
  /** The record by which a session came to its node. What its node wrote before it had applied that does not count. */
  readonly #gainedAt = new Map<string, number>();
  /** The nodes that such a session has had before, as far as they are known. */
  readonly #losers = new Map<string, Set<string>>();
  /** How many each node has. */
  readonly #counts = new Map<string, number>();

  /** `node`: this one. */
  constructor(node: string) {
    this.#node = node;
  }

  /** The node that the session belongs to; `undefined`: it is not shared. */
  of(clientId: string): string | undefined {
    return this.#homes.get(clientId);
  }

  /** All sessions that are known, and their nodes. */
  get all(): Iterable<readonly [clientId: string, node: string]> {
    return this.#homes;
  }

  /** Sessions of this node. */
  *own(): IterableIterator<string> {
    for (const [clientId, home] of this.#homes) if (home === this.#node) yield clientId;
  }

  /** Nodes that have sessions. */
  get nodes(): Iterable<string> {
    return this.#counts.keys();
  }

  /** How many sessions belong to a node. */
  countOf(node: string): number {
    return this.#counts.get(node) ?? 0;
  }

  /** What is stored of it; `undefined`: it is not shared. */
  storedOf(clientId: string): Omit<StoredHome, "done"> | undefined {
    const home = this.#homes.get(clientId);
    if (home === undefined) return undefined;
    const at = this.#gainedAt.get(clientId);
    if (at === undefined) return { home };
    return { home, gained: { at, losers: [...this.#losers.get(clientId) ?? []] } };
  }

  /** Takes over what was stored. */
  restored(clientId: string, { home, gained }: StoredHome): void {
    this.#set(clientId, home);
    if (gained === undefined) return;
    this.#gainedAt.set(clientId, gained.at);
    for (const loser of gained.losers) this.#addLoser(clientId, loser);
  }

  /** The log is another one, or has lost its end: places behind this one say nothing any more. */
  forgetBehind(sequence: number): void {
    for (const [clientId, at] of this.#gainedAt) {
      if (at > sequence) this.#gainedAt.delete(clientId);
    }
  }

  /** The sessions of a node that is dead belong to another one from here on; returns them. */
  inherited(dead: string, heir: string, sequence: number): readonly string[] {
    this.fences.died(dead, sequence);
    const clientIds = [...this.#homes].filter(([, home]) => home === dead).map(([id]) => id);
    for (const clientId of clientIds) this.#set(clientId, heir, sequence);
    return clientIds;
  }

  /** The log has come to a claim, by which the session may begin anew; returns the node that had it before. */
  claimed(
    clientId: string,
    node: string,
    keepsSession: boolean,
    sequence: number,
    endsSession: boolean,
  ): string | undefined {
    const home = this.#homes.get(clientId);
    // Its node may have said something of the one before that stands behind the claim.
    if (endsSession && keepsSession && home === node) {
      this.fences.begunAnew(clientId, sequence, node);
    }
    const earlier = this.#losers.get(clientId) ?? [];
    this.#set(clientId, keepsSession ? node : undefined, sequence);
    // What its node says of it, and does not know yet that it has ended, must not begin it again.
    if (!keepsSession && home !== undefined && home !== node) {
      this.fences.ended(clientId, sequence, [...earlier, home]);
    }
    // Where it begins anew nothing of it is stored before its node speaks of it: after a restart this is what is left of the claim.
    const losers = this.#losers.get(clientId);
    if (losers !== undefined && home !== node) this.fences.ended(clientId, sequence, losers);
    return home;
  }

  /** A session has ended at its node. */
  ended(clientId: string): void {
    this.#set(clientId, undefined);
  }

  /** Whether what a node says of a session counts: the session belongs to that node. What nobody has heard of may be older than the log. */
  counts(change: SessionChange, { node, since }: Writer): boolean {
    const { clientId, kind } = change;
    this.fences.seen(node, since);
    if (!this.#homes.has(clientId) && kind === "session") {
      if (!this.fences.passes(clientId, node, since)) return false;
      this.#set(clientId, node);
      return true;
    }
    return this.#isOf(clientId, node, since) && !this.fences.isOfEarlier(clientId, node, since);
  }

  /**
   * Whether a node claims the session of a bridge that has gone to another one, and did not know that. A client that comes to such a node is
   * there, whatever the node knows; a bridge is not, it only goes on where it has been.
   */
  isStale(clientId: string, { node, since }: Writer): boolean {
    if (!clientId.startsWith(BRIDGE_CLIENT_PREFIX)) return false;
    const home = this.#homes.get(clientId);
    return home !== undefined && home !== node && since < (this.#gainedAt.get(clientId) ?? 0);
  }

  /** Whether what a node says of its session does not count because that has begun anew there. */
  isOfEarlier({ clientId }: SessionChange, { node, since }: Writer): boolean {
    return this.#isOf(clientId, node, since) && this.fences.isOfEarlier(clientId, node, since);
  }

  /** Whether a message counts that a node has put into the log for a client. `isOnce`: it is of QoS 2 or a will, of one with a session. */
  mayPublish(clientId: string, { node, since }: Writer, isOnce: boolean): boolean {
    if (!this.#homes.has(clientId)) return !isOnce || this.fences.passes(clientId, node, since);
    return this.#isOf(clientId, node, since);
  }

  /** Whether the session is this node's, which had applied that when it had applied `since`. */
  #isOf(clientId: string, node: string, since: number): boolean {
    return this.#homes.get(clientId) === node && since >= (this.#gainedAt.get(clientId) ?? 0);
  }

  /** `sequence`: the record that says so. */
  #set(clientId: string, home: string | undefined, sequence = 0): void {
    const before = this.#homes.get(clientId);
    if (before === home) return;
    if (home !== undefined) {
      if (sequence > 0) this.#gainedAt.set(clientId, sequence);
      if (before !== undefined) this.#addLoser(clientId, before);
    } else {
      const losers = this.#losers.get(clientId);
      if (losers !== undefined) {
        this.fences.ended(clientId, this.#gainedAt.get(clientId) ?? 0, losers);
      }
      this.#gainedAt.delete(clientId);
      this.#losers.delete(clientId);
    }
    if (before !== undefined) this.#count(before, -1);
    if (home === undefined) return void this.#homes.delete(clientId);
    this.#homes.set(clientId, home);
    this.#count(home, 1);
  }

  #count(node: string, change: number): void {
    const count = this.countOf(node) + change;
    if (count > 0) this.#counts.set(node, count);
    else this.#counts.delete(node);
  }

  #addLoser(clientId: string, node: string): void {
    const losers = this.#losers.get(clientId);
    if (losers === undefined) this.#losers.set(clientId, new Set([node]));
    else losers.add(node);
  }
}
