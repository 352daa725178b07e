import { ownerWithHome, type SessionChange } from "../broker/mod.ts";
import type { Homes } from "./homes.ts";
import type { OwnSessions } from "./own_sessions.ts";
import { homeText, parseHome } from "./stored_home.ts";
import { Unapplied } from "./unapplied.ts";

/** All sessions of the cluster: what the log says of them comes here, and what the node's own store keeps of that goes from here. */
export class SharedSessions {
  readonly homes: Homes;
  readonly own: OwnSessions;
  readonly unapplied: Unapplied = new Unapplied();
  readonly #node: string;
  /** What is stored with a session of which a part of the queue is in the store alone. */
  readonly #keptDone = new Map<string, string>();

  /** `own` are those of this node. */
  constructor(node: string, homes: Homes, own: OwnSessions) {
    this.#node = node;
    this.homes = homes;
    this.own = own;
  }

  /** {@linkcode ClusterPort.restored} */
  restored(clientId: string, stored: string, wasConnected: boolean): string {
    const home = parseHome(stored);
    this.homes.restored(clientId, home);
    if (home.home === this.#node) this.own.restored(clientId, wasConnected);
    this.keepDone(clientId, home.done);
    return home.done;
  }

  /** {@linkcode ClusterPort.keepDone} */
  keepDone(clientId: string, text: string): void {
    if (text === "") this.#keptDone.delete(clientId);
    else this.#keptDone.set(clientId, text);
  }

  /** The owner of a session as the node's own store keeps it. */
  ownerOf(clientId: string, owner: string | undefined): string | undefined {
    const home = this.homes.storedOf(clientId);
    if (home === undefined) return owner;
    const done = this.#keptDone.get(clientId) ?? "";
    return ownerWithHome(owner, homeText({ ...home, done }));
  }

  /** {@linkcode Store.deleteSession}; returns whether others are told. */
  deleteSession(clientId: string): boolean {
    this.#keptDone.delete(clientId);
    return this.own.deleteSession(clientId);
  }

  /** The sessions of a node that is dead belong to another one from here on; returns them. */
  inherited(dead: string, heir: string, sequence: number): readonly string[] {
    const clientIds = this.homes.inherited(dead, heir, sequence);
    for (const clientId of clientIds) {
      if (heir === this.#node) this.own.setLeft(clientId, true);
      else this.own.ended(clientId);
    }
    return clientIds;
  }

  /**
   * The log has come to a claim, by which the session may begin anew; `true`: this node has the session from here on, or has it no more.
   */
  claimed(
    clientId: string,
    node: string,
    keepsSession: boolean,
    sequence: number,
    endsSession = false,
  ): boolean {
    const home = this.homes.claimed(clientId, node, keepsSession, sequence, endsSession);
    if (node === this.#node && keepsSession) {
      this.own.came(clientId, home !== node, endsSession);
    } else this.own.went(clientId);
    return node === this.#node ? keepsSession : home === this.#node;
  }

  /** A change that counts was applied, which is not this process's own, or ends a session. */
  applied(change: SessionChange, node: string): void {
    const { clientId } = change;
    if (change.kind === "ended") {
      this.homes.ended(clientId);
      this.own.ended(clientId);
    } else if (change.kind === "session" && node === this.#node) {
      this.own.setLeft(clientId, change.expiresAtMs === Infinity);
    }
  }
}
