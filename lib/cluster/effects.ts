import type { LogPort, Message, SessionChange, ShareChange, SharedMessage } from "../broker/mod.ts";
import type { Will } from "../codec/mod.ts";
import type { Origin } from "./applier_ports.ts";
import type { Claims } from "./claims.ts";
import type { Log } from "./log.ts";
import type { ClusterHost } from "./node_init.ts";
import type { NodeParts } from "./node_parts.ts";
import type { RecordClaim, SharedAgain } from "./record.ts";
import type { SharedStore } from "./shared_store.ts";
import { ALL_SESSIONS } from "./own_sessions.ts";
import type { SharedSessions } from "./sessions.ts";
import type { SharedGroups } from "./shares.ts";

/** What becomes of a record's entries at this node, when it is their turn: in the broker, and in what the node knows of all nodes. */
export class Effects {
  /** Wills of sessions that have ended with a claim of an earlier process, by Client Identifier: it may have published them. */
  readonly #owedWills = new Map<string, Will>();
  readonly #node: string;
  readonly #lines: LogPort;
  readonly #log: Log;
  readonly #store: SharedStore;
  readonly #sessions: SharedSessions;
  readonly #shares: SharedGroups;
  readonly #claims: Claims;
  readonly #host: ClusterHost;

  /** Nothing is applied yet. */
  constructor(parts: NodeParts, host: ClusterHost) {
    this.#node = parts.node;
    this.#lines = parts.lines;
    this.#log = parts.log;
    this.#store = parts.store;
    this.#sessions = parts.sessions;
    this.#shares = parts.shares;
    this.#claims = parts.claims;
    this.#host = host;
  }

  /** The wills that an earlier process of this node has not published, though it has put the end of their sessions into the log. */
  takeOwedWills(): readonly (readonly [clientId: string, will: Will])[] {
    const owed = [...this.#owedWills];
    this.#owedWills.clear();
    return owed;
  }

  /** {@linkcode ApplierPorts.died}: it was not heard, and has written nothing: its sessions belong to the node that has said so. */
  died(
    dead: string,
    { node: heir, sequence }: Origin,
    place: number,
  ): boolean {
    if (this.#host.turn().isFanningOut) return false;
    const clientIds = this.#sessions.inherited(dead, heir, sequence);
    this.#lines.warning("A node of the cluster is taken for dead", {
      node: dead,
      heir,
      sessions: clientIds.length,
    });
    this.#sessions.own.whileApplying(ALL_SESSIONS, () => this.#host.turn().keepHomes(clientIds));
    if (heir === this.#node) {
      this.#log.knows(sequence);
      // What was before this process writes is settled when it begins to.
      if (this.#sessions.own.hasBegun) {
        this.#host.turn().inherit(this.#sessions.own.takeLeft());
      }
    } else if (dead === this.#node) {
      this.#log.knows(sequence);
      this.#sessions.own.whileApplying(
        ALL_SESSIONS,
        () => this.#giveUp(clientIds),
      );
    }
    this.#shares.died(dead, heir, clientIds, place);
    return true;
  }

  /** Other nodes take this one for dead. */
  #giveUp(clientIds: readonly string[]): void {
    this.#host.turn().disinherit(clientIds);
    for (const clientId of clientIds) {
      this.#store.moved(clientId);
      const unapplied = this.#sessions.unapplied.take(clientId);
      const claim = { clientId, endsSession: false, isHere: false, isInherited: true, unapplied };
      this.#host.turn().applyClaim(claim);
    }
  }

  /** {@linkcode ApplierPorts.shared} */
  shared(
    change: ShareChange,
    { node, since }: Origin,
    place: number,
  ): boolean {
    if (this.#host.turn().isFanningOut) return false;
    this.#shares.apply(change, node, place, since);
    return true;
  }

  /** {@linkcode ApplierPorts.sharedAgain} */
  sharedAgain(message: Message, again: SharedAgain): boolean {
    if (this.#host.turn().isFanningOut) return false;
    this.#shares.applyAgain(message, again);
    return true;
  }

  /**
   * {@linkcode ApplierPorts.apply}. What a client's former node has put into the log behind the client's arrival at another one does not count: the client has sent it again
   * there, and behind what came after it, it would be out of order. [MQTT-4.6.0-6]
   */
  apply(
    shared: SharedMessage,
    origin: Origin,
    isWill: boolean,
  ): boolean {
    const { isOwn, node } = origin;
    const { packetId, message: { publisherId } } = shared;
    const isOnce = packetId > 0 || isWill;
    if (isWill && node === this.#node) this.#owedWills.delete(publisherId);
    if (!this.#sessions.homes.mayPublish(publisherId, origin, isOnce)) return true;
    if (!this.#host.turn().applyShared(shared)) return false;
    this.#sessions.own.done.routed(shared.message);
    if (packetId > 0 && isOwn) this.#sessions.unapplied.published(publisherId, packetId);
    return true;
  }

  /** {@linkcode ApplierPorts.claimed} */
  claimed(claim: RecordClaim, origin: Origin): void {
    const { clientId, endsSession, keepsSession } = claim;
    const { node, isOwn, sequence } = origin;
    const isStale = keepsSession && this.#sessions.homes.isStale(clientId, origin);
    if (isStale || claim.isVoid === true) {
      if (!isOwn) return;
      // Whoever waits is told in a turn.
      this.#host.turn();
      return this.#claims.appliedAwaited(clientId);
    }
    if (endsSession || !keepsSession) this.#shares.sessionEnded(clientId);
    this.#move(claim, origin);
    if (keepsSession && !endsSession) this.#shares.sessionMoved(clientId, node, sequence);
  }

  /** A client comes to a node, with its session or without. */
  #move({ clientId, endsSession, keepsSession }: RecordClaim, origin: Origin): void {
    const { node, isOwn, sequence } = origin;
    const isHere = node === this.#node;
    // Others may know of a node that the session was at, and this one not, where it has never begun: so each claim of this node counts.
    const isChanged = this.#sessions.claimed(
      clientId,
      node,
      keepsSession,
      sequence,
      endsSession,
    );
    if (isChanged) this.#log.knows(sequence);
    if (isOwn && !keepsSession) return this.#claims.appliedUnawaited(clientId);
    if (!isHere) this.#store.moved(clientId);
    // Of several nodes that claim a client, the one keeps it whose claim comes last in the log.
    if (this.#claims.isOvertaken(clientId)) {
      if (!isOwn) return;
      // Whoever waits is told in a turn.
      this.#host.turn();
      return this.#claims.appliedAwaited(clientId);
    }
    const unapplied = isHere ? [] : this.#sessions.unapplied.take(clientId);
    const isEarlier = isHere && !isOwn;
    const applied = { clientId, endsSession, isHere, isEarlier, unapplied };
    const apply = () => this.#host.turn().applyClaim(applied);
    // Members of shared subscriptions may get what the client leaves behind: of these others hear.
    const isOfLog = endsSession || !isHere;
    const owed = isOfLog ? this.#sessions.own.whileApplying(clientId, apply) : apply();
    if (owed !== undefined) this.#owedWills.set(clientId, owed);
    // Its client may have to wait, and the store must not say meanwhile that it is another node's.
    const keepHome = () => this.#host.turn().keepHomes([clientId]);
    if (isHere) this.#sessions.own.whileApplying(clientId, keepHome);
    if (isOwn) this.#claims.appliedAwaited(clientId);
  }

  /** {@linkcode ApplierPorts.changed} */
  changed(change: SessionChange, origin: Origin): boolean {
    const { node, isOwn } = origin;
    const counts = this.#sessions.homes.counts(change, origin);
    if (isOwn && (counts || this.#sessions.homes.isOfEarlier(change, origin))) {
      this.#store.heard(change);
    }
    if (!counts) return true;
    if (change.kind === "sent" && this.#host.turn().isFanningOut) return false;
    if (!isOwn) {
      const isHere = node === this.#node;
      const apply = () => this.#host.turn().applySession(this.#whole(change, node), isHere);
      if (!this.#sessions.own.whileApplying(change.clientId, apply)) return false;
      this.#sessions.applied(change, node);
    } else if (change.kind === "ended") {
      this.#sessions.applied(change, node);
    } else this.#sessions.own.done.applied(change);
    if (isOwn) this.#store.counted(change, this.#shares.ofSession(change.clientId));
    if (change.kind === "sent") this.#shares.takeSent(node, change.share, change.logId);
    this.#shares.sessionChanged(change);
    return true;
  }

  /** A message that the log has at an earlier place is not in the change. */
  #whole(change: SessionChange, node: string): SessionChange {
    if (change.kind !== "sent") return change;
    return { ...change, message: this.#shares.dueAt(node, change.share, change.logId) };
  }
}
