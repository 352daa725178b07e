import type {
  Delivery,
  InFlight,
  PreviousRetained,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  SessionChange,
  Store,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { Commits, type LogCommits, type SettledInterests, type ShareCommits } from "./commits.ts";
import type { SharedSessions } from "./sessions.ts";
import { keepShares } from "./stored_shares.ts";
import { Unheard } from "./unheard.ts";
import { isSharedFilter } from "../topic/mod.ts";

/**
 * A node's own store, behind the log: what is committed here is done when the log has come to all that was put into it before, and what that
 * has changed is committed in the node's own store. So an acknowledgement tells of both. A SUBACK waits until NATS knows that the node wants the
 * topic's messages of QoS 0 too: without that the first ones would be missed. The end of a session, and of a will, is stored when the log has come to
 * it: what is published with it may be lost with this process, and then has to be published by the next one. So is a shared subscription:
 * {@linkcode keepShares}.
 */
export class SharedStore implements Store {
  /** Absent where the node's own store has it not: the core asks for what is there. */
  readonly readQueue?: (
    clientId: string,
    query: QueueQuery,
    done: (page: QueuePage) => void,
  ) => void;
  /** Absent where the node's own store has it not. */
  readonly readRetained?: NonNullable<Store["readRetained"]>;
  /** {@linkcode Store.holdBack} */
  readonly holdBack?: (isPart: boolean) => void;
  readonly #own: Store;
  readonly #log: LogCommits;
  readonly #sessions: SharedSessions;
  readonly #interests: SettledInterests;
  readonly #shares: ShareCommits;
  readonly #commits: Commits;
  readonly #unheard = new Unheard();

  /** `own`: the node's. `sessions` are told what is written of them. */
  constructor(
    own: Store,
    log: LogCommits,
    sessions: SharedSessions,
    interests: SettledInterests,
    shares: ShareCommits,
  ) {
    this.#shares = shares;
    this.#interests = interests;
    this.#own = own;
    this.#log = log;
    this.#sessions = sessions;
    this.#commits = new Commits(own, log, interests, shares);
    if (own.readQueue !== undefined) this.readQueue = own.readQueue.bind(own);
    if (own.readRetained !== undefined) this.readRetained = own.readRetained.bind(own);
    if (own.holdBack !== undefined) this.holdBack = own.holdBack.bind(own);
  }

  /** {@linkcode Store.writes} */
  get writes(): number {
    return this.#own.writes + this.#log.writes + this.#interests.begun + this.#shares.writes;
  }

  /** {@linkcode Store.isFailing} */
  get isFailing(): boolean {
    return this.#own.isFailing || this.#log.isFailing;
  }

  /** {@linkcode Store.isFull} */
  get isFull(): boolean {
    return this.#own.isFull === true;
  }

  /** {@linkcode Store.isHalfFull} */
  get isHalfFull(): boolean {
    return this.#own.isHalfFull === true;
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    this.#commits.commit(done);
  }

  /** The log has come to this node's record of that number, and it is applied. */
  applied(number: number): void {
    this.#commits.applied(number);
  }

  putPosition(position: string): void {
    this.#own.putPosition?.(position);
  }
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void {
    if (this.#unheard.hasEnded(clientId)) this.#drop(clientId);
    const ownerThere = this.#sessions.ownerOf(clientId, owner);
    this.#own.putSession(clientId, expirySeconds, expiresAtMs, ownerThere);
    this.#sessions.own.putSession(clientId, expirySeconds, expiresAtMs, owner);
  }
  deleteSession(clientId: string): void {
    if (this.#sessions.deleteSession(clientId)) this.#unheard.end(clientId);
    else this.#drop(clientId);
  }
  putSubscription(clientId: string, subscription: Subscription): void {
    const isTold = this.#sessions.own.putSubscription(clientId, subscription);
    if (isTold && isSharedFilter(subscription.topicFilter)) return;
    this.#own.putSubscription(clientId, subscription);
  }
  deleteSubscription(clientId: string, topicFilter: string): void {
    const isTold = this.#sessions.own.deleteSubscription(clientId, topicFilter);
    if (isTold && isSharedFilter(topicFilter)) return;
    this.#own.deleteSubscription(clientId, topicFilter);
  }
  putDelivery(clientId: string, delivery: Delivery, isApart?: boolean): void {
    this.#own.putDelivery(clientId, delivery, isApart);
  }
  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
    delivery?: Delivery,
  ): void {
    this.#own.putInFlight(clientId, sequence, packetId, state);
    this.#sessions.own.putInFlight(clientId, delivery, packetId, state);
  }
  deleteDelivery(clientId: string, delivery: Delivery): void {
    this.#own.deleteDelivery(clientId, delivery);
    this.#sessions.own.deleteDelivery(clientId, delivery);
  }
  putReceived(clientId: string, packetId: number): void {
    this.#own.putReceived(clientId, packetId);
  }
  deleteReceived(clientId: string, packetId: number): void {
    this.#own.deleteReceived(clientId, packetId);
    this.#sessions.own.deleteReceived(clientId, packetId);
  }
  putRetained(message: RetainedMessage, previous?: PreviousRetained): void {
    this.#own.putRetained(message, previous);
  }
  deleteRetained(message: PreviousRetained | undefined): void {
    this.#own.deleteRetained(message);
  }
  putWill(clientId: string, will: StoredWill): void {
    this.#own.putWill(clientId, will);
    if (this.#sessions.own.putWill(clientId, will)) this.#unheard.setWill(clientId, false);
    else this.#unheard.forgetWill(clientId);
  }
  deleteWill(clientId: string): void {
    if (this.#sessions.own.putWill(clientId, undefined)) {
      return this.#unheard.setWill(clientId, true);
    }
    this.#unheard.forgetWill(clientId);
    this.#own.deleteWill(clientId);
  }

  /** The log has come to what this process has told of a session: what has ended with it need not be kept any more. */
  heard({ kind, clientId }: SessionChange): void {
    if (kind === "ended" && this.#unheard.hasEnded(clientId)) this.#drop(clientId);
    if (kind === "will" && this.#unheard.hearWill(clientId)) this.#own.deleteWill(clientId);
  }

  /** The log has come to a change that this process has told of, and that counts. `shares`: the session's shared subscriptions of before. */
  counted(change: SessionChange, shares: Iterable<string>): void {
    keepShares(this.#own, change, shares);
  }

  /** The log has given a session to another node: what this one has told of it does not count any more. */
  moved(clientId: string): void {
    if (this.#unheard.hasEnded(clientId)) this.#drop(clientId);
    else if (this.#unheard.forgetWill(clientId)) this.#own.deleteWill(clientId);
  }

  #drop(clientId: string): void {
    this.#unheard.forget(clientId);
    this.#own.deleteSession(clientId);
  }
}
