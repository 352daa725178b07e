import type { Will } from "../codec/mod.ts";
import type { Message } from "../session/mod.ts";
import type { Core } from "./core/core.ts";
import type { ClusterChangedEvent } from "./ground/events.ts";
import type { ShareMembers } from "./ground/shared_group.ts";
import type { AppliedClaim, SessionChange } from "./ground/shared_session.ts";
import { applyShared, deliverForwarded, type SharedMessage } from "./services/apply_shared.ts";
import {
  applyClaim,
  comeBack,
  disinherit,
  firstPending,
  inherit,
  isolate,
  keepHomes,
} from "./services/session_moves.ts";
import { publishOwed } from "./services/will_copies.ts";
import {
  deliverToShare,
  forgetShared,
  shareMembers,
  sharePending,
} from "./services/shared_groups.ts";
import { applySession } from "./services/shared_sessions.ts";

/** The way from the cluster's log, and from its other nodes, into the core: each call is a part of a turn, as with the `Broker`. */
export class FromCluster {
  readonly #core: Core;

  /** `core`: the state that the calls change. */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Routes a message read from the cluster's log; false if the caller must try again. {@linkcode ClusterPort.append} */
  applyShared(shared: SharedMessage): boolean {
    return applyShared(this.#core, shared);
  }

  /**
   * Applies the log's record that a client has connected to a node. {@linkcode ClusterPort.claim} Returns a will that is due, if an earlier process
   * of this node was to publish it.
   */
  applyClaim(claim: AppliedClaim): Will | undefined {
    return applyClaim(this.#core, claim);
  }

  /** Publishes a will that `applyClaim` has returned, and that the log does not have. */
  publishOwed(clientId: string, will: Will): void {
    publishOwed(this.#core, clientId, will);
  }

  /**
   * Applies the log's record about a session of another node, or of an earlier process of this one. Returns false if the caller must try
   * again.
   */
  applySession(change: SessionChange, isHere: boolean): boolean {
    return applySession(this.#core, change, isHere);
  }

  /** These sessions belong to this node, because theirs is dead, or because it is back. */
  inherit(clientIds: Iterable<string>): void {
    inherit(this.#core, clientIds);
  }

  /** The node takes part: these sessions were its own when its earlier process ended, and still are. */
  comeBack(clientIds: Iterable<string>): void {
    comeBack(this.#core, clientIds);
  }

  /** Other nodes take this one for dead: these sessions are not its any more. */
  disinherit(clientIds: Iterable<string>): void {
    disinherit(this.#core, clientIds);
  }

  /** These sessions have another node from here on, which the store has to know. */
  keepHomes(clientIds: Iterable<string>): void {
    keepHomes(this.#core, clientIds);
  }

  /** The cluster is out of reach: clients whose sessions other nodes know are disconnected. */
  isolate(): void {
    isolate(this.#core);
  }

  /**
   * The place in the log of the first message that a client has not received; `Infinity` if none waits, `undefined` if it is not known now.
   */
  firstPending(clientId: string): number | undefined {
    return firstPending(this.#core, clientId);
  }

  /** Whether a message is still on its way to many receivers: nothing may be changed that decides about it. */
  get isFanningOut(): boolean {
    return this.#core.longFanOuts.jobs.length > 0;
  }

  /** Another node has members of a shared subscription, or has none any more. */
  holdShare(share: string, isHeld: boolean): void {
    this.#core.router.holdShare(share, isHeld);
  }

  /** Gives a message to a member that was to go to another node's, which is gone. */
  deliverToShare(share: string, message: Message): void {
    deliverToShare(this.#core, share, message);
  }

  /** What waits for members of shared subscriptions was given to those of other nodes. */
  forgetShared(): void {
    forgetShared(this.#core);
  }

  /** The shared subscriptions that have members here. */
  get shares(): readonly string[] {
    return [...this.#core.router.sharesHere()].map(({ topicFilter }) => topicFilter);
  }

  /** The members of a shared subscription here. */
  shareMembers(share: string): ShareMembers {
    return shareMembers(this.#core, share);
  }

  /** The places in the log of messages that they have not acknowledged; `undefined`: it is not known now. */
  sharePending(share: string): readonly number[] | undefined {
    return sharePending(this.#core, share);
  }

  /** Routes a message of QoS 0 that another node of the cluster has forwarded. */
  deliverForwarded(message: Message): void {
    deliverForwarded(this.#core, message);
  }

  /** The cluster of this broker has changed: listeners hear of it, in a turn of its own or the current one. */
  changed(event: ClusterChangedEvent): void {
    if (this.#core.observers === null) return;
    if (!this.#core.isBusy) this.#core.beginTurn();
    this.#core.observers.tell("clusterChanged", event);
  }
}
