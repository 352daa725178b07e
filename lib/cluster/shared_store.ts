import type {
  Delivery,
  InFlight,
  PreviousRetained,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  Store,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import type { SharedSessions } from "./sessions.ts";

/** A commit that is not done. */
interface Waiting {
  readonly number: number;
  readonly heard: number;
  readonly done: () => void;
}

/** In the place of a session that has ended: long ago. */
const ENDED_SECONDS = 60;
const ENDED_AT_MS = 1;

/** What a store needs to know of the log. */
export interface LogCommits {
  /** Grows with every message that is put into the log. */
  readonly writes: number;
  /** Whether nothing can be put into it. */
  readonly isFailing: boolean;
  /** Sends what the turn has put into it; returns the number of the last record that is not applied here, 0: all are. */
  flush(): number;
}

/** What a store needs to know of shared subscriptions. */
export interface ShareCommits {
  /** Grows with every change that others are told. */
  readonly writes: number;
  /** Puts into the log what has changed in this turn. */
  flush(): void;
}

/** What a store needs to know of the node's subscriptions at NATS. */
export interface SettledInterests {
  /** Grows with every Topic Filter that the server has to hear of. */
  readonly begun: number;
  /** Calls `done` when it has heard of all of them. */
  settle(done: () => void): void;
}

/**
 * A node's own store, behind the log: what is committed here is done when the log has come to all that was put into it before, and what that
 * has changed is committed in the node's own store. So an acknowledgement tells of both. A SUBACK waits until NATS knows that the node wants the
 * topic's messages of QoS 0 too: without that the first ones would be missed.
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
  /** Commits that wait for a record to be applied, and for an answer of the server, in order. */
  #waiting: Waiting[] = [];
  /** The last record that is applied. */
  #applied = 0;
  /** Sessions that have ended, of which the log has not come to that. */
  readonly #ending = new Set<string>();
  /** How many subscriptions the server was asked about, and has heard of. */
  #asked = 0;
  #heard = 0;

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
    this.#shares.flush();
    const number = this.#log.flush();
    this.#ask();
    const heard = this.#asked;
    const isDone = number <= this.#applied && heard === this.#heard && this.#waiting.length === 0;
    if (done === undefined || isDone) return this.#own.commit(done);
    this.#waiting.push({ number, heard, done });
    this.#own.commit();
  }

  #ask(): void {
    const { begun } = this.#interests;
    if (begun === this.#asked) return;
    this.#asked = begun;
    this.#interests.settle(() => {
      this.#heard = begun;
      if (this.#waiting.length > 0) this.#release();
    });
  }

  #release(): void {
    const count = this.#waiting.findIndex(({ number, heard }) =>
      number > this.#applied || heard > this.#heard
    );
    const done = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    if (done.length === 0) return this.#own.commit();
    this.#own.commit(() => {
      for (const waiting of done) waiting.done();
    });
  }

  /** The log has come to this node's record of that number, and it is applied. */
  applied(number: number): void {
    this.#applied = number;
    this.#release();
  }

  putPosition(position: string): void {
    this.#own.putPosition?.(position);
  }
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void {
    this.#ending.delete(clientId);
    const ownerThere = this.#sessions.ownerOf(clientId, owner);
    this.#own.putSession(clientId, expirySeconds, expiresAtMs, ownerThere);
    this.#sessions.putSession(clientId, expirySeconds, expiresAtMs, owner);
  }
  /** Its node stays in the store until the log has come to its end: after a crash before that, this node knows no less than others. */
  deleteSession(clientId: string): void {
    this.#own.deleteSession(clientId);
    if (!this.#sessions.deleteSession(clientId)) return;
    const ownerThere = this.#sessions.ownerOf(clientId, undefined);
    this.#own.putSession(clientId, ENDED_SECONDS, ENDED_AT_MS, ownerThere);
    this.#ending.add(clientId);
  }
  /** The log has come to the end of a session of this node. */
  sessionEnded(clientId: string): void {
    if (this.#ending.delete(clientId)) this.#own.deleteSession(clientId);
  }
  putSubscription(clientId: string, subscription: Subscription): void {
    this.#own.putSubscription(clientId, subscription);
    this.#sessions.putSubscription(clientId, subscription);
  }
  deleteSubscription(clientId: string, topicFilter: string): void {
    this.#own.deleteSubscription(clientId, topicFilter);
    this.#sessions.deleteSubscription(clientId, topicFilter);
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
    this.#sessions.putInFlight(clientId, delivery, packetId, state);
  }
  deleteDelivery(clientId: string, delivery: Delivery): void {
    this.#own.deleteDelivery(clientId, delivery);
    this.#sessions.deleteDelivery(clientId, delivery);
  }
  putReceived(clientId: string, packetId: number): void {
    this.#own.putReceived(clientId, packetId);
  }
  deleteReceived(clientId: string, packetId: number): void {
    this.#own.deleteReceived(clientId, packetId);
    this.#sessions.deleteReceived(clientId, packetId);
  }
  putRetained(message: RetainedMessage, previous?: PreviousRetained): void {
    this.#own.putRetained(message, previous);
  }
  deleteRetained(message: PreviousRetained | undefined): void {
    this.#own.deleteRetained(message);
  }
  putWill(clientId: string, will: StoredWill): void {
    this.#own.putWill(clientId, will);
    this.#sessions.putWill(clientId, will);
  }
  deleteWill(clientId: string): void {
    this.#own.deleteWill(clientId);
    this.#sessions.putWill(clientId, undefined);
  }
}
