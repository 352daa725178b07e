import type {
  Delivery,
  InFlight,
  RetainedMessage,
  Store,
  StoredDelivery,
  StoredSession,
  StoredState,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";

/** A session as it is kept. */
interface SessionRecord {
  expirySeconds: number;
  owner?: string | undefined;
  expiresAtMs: number;
  readonly subscriptions: Map<string, Subscription>;
  /** By sequence; in the order of writing, but a released one goes to the end. */
  readonly deliveries: Map<number, StoredDelivery>;
  readonly received: Set<number>;
  will: StoredWill | undefined;
}

/** Everything that is kept. */
interface Content {
  readonly sessions: Map<string, SessionRecord>;
  readonly retained: Map<string, RetainedMessage>;
}

/** Calls `run` once: at once, or when a write to a disk would be done. */
export type Schedule = (run: () => void) => void;

/**
 * Keeps sessions and retained messages as long as the process runs, and treats them as a disk would: what is written counts
 * when its commit is done, and `load` forgets the rest, as if the process had crashed.
 */
export class MemoryStore implements Store {
  /** {@linkcode Store.writes} */
  writes = 0;
  /** Set it to play a disk that is full. {@linkcode Store.isFailing} */
  isFailing = false;
  /** Set it to play one that has grown to its limit. {@linkcode Store.isFull} */
  isFull = false;
  /** As of the last write. */
  #written: Content = emptyContent();
  /** As of the last commit that is done. */
  #committed: Content = emptyContent();
  /** Written since the last commit. */
  #batch: ((content: Content) => void)[] = [];
  /** Commits that are not done. */
  #commits: (() => void)[] = [];
  #lastStoreId = 0;
  readonly #schedule: Schedule;

  /** `schedule` says when a commit is done: by itself at once. */
  constructor(schedule: Schedule = (run) => run()) {
    this.#schedule = schedule;
  }

  /** What is committed, for a broker that begins with it; commits that are not done never will be. */
  load(): StoredState {
    this.#batch = [];
    this.#commits = [];
    this.#written = {
      retained: new Map(this.#committed.retained),
      sessions: new Map([...this.#committed.sessions].map(([id, one]) => [id, copySession(one)])),
    };
    return {
      sessions: [...this.#written.sessions].map(toStored),
      retained: [...this.#written.retained.values()],
    };
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    const apply = this.takeBatch();
    this.#commits.push(() => {
      apply();
      done?.();
    });
    // Whichever call of the schedule comes first does the oldest: commits keep their order.
    this.#schedule(() => this.#commits.shift()?.());
  }

  /** Ends the batch that gathers; what is returned brings it to what is committed: call it once, in the order of the batches. */
  protected takeBatch(): () => void {
    const batch = this.#batch;
    this.#batch = [];
    return () => {
      for (const change of batch) change(this.#committed);
    };
  }

  /** {@linkcode Store.putSession} */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void {
    this.#write(({ sessions }) => {
      let session = sessions.get(clientId);
      if (session === undefined) sessions.set(clientId, session = newSession());
      session.expirySeconds = expirySeconds;
      session.expiresAtMs = expiresAtMs;
      if (owner !== undefined) session.owner = owner;
    });
  }

  /** {@linkcode Store.deleteSession} */
  deleteSession(clientId: string): void {
    if (!this.#written.sessions.has(clientId)) return;
    this.#write(({ sessions }) => sessions.delete(clientId));
  }

  /** {@linkcode Store.putSubscription} */
  putSubscription(clientId: string, subscription: Subscription): void {
    const { topicFilter } = subscription;
    this.#change(clientId, ({ subscriptions }) => subscriptions.set(topicFilter, subscription));
  }

  /** {@linkcode Store.deleteSubscription} */
  deleteSubscription(clientId: string, topicFilter: string): void {
    this.#change(clientId, ({ subscriptions }) => subscriptions.delete(topicFilter));
  }

  /** {@linkcode Store.putDelivery} */
  putDelivery(clientId: string, delivery: Delivery): void {
    const { message, sequence } = delivery;
    // Deliveries share the object, so the number alone says that the message is here, and it goes with the last of them.
    if (message.storeId === 0) message.storeId = ++this.#lastStoreId;
    const stored: StoredDelivery = { delivery, packetId: 0, state: "published" };
    this.#change(clientId, ({ deliveries }) => deliveries.set(sequence, stored));
  }

  /** {@linkcode Store.putInFlight} */
  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
  ): void {
    const stored = this.#written.sessions.get(clientId)?.deliveries.get(sequence);
    if (stored === undefined) return;
    const inFlight: StoredDelivery = { delivery: stored.delivery, packetId, state };
    this.#change(clientId, ({ deliveries }) => {
      if (state === "released") deliveries.delete(sequence);
      deliveries.set(sequence, inFlight);
    });
  }

  /** {@linkcode Store.deleteDelivery} */
  deleteDelivery(clientId: string, { sequence }: Delivery): void {
    if (!this.#written.sessions.get(clientId)?.deliveries.has(sequence)) return;
    this.#change(clientId, ({ deliveries }) => deliveries.delete(sequence));
  }

  /** {@linkcode Store.putReceived} */
  putReceived(clientId: string, packetId: number): void {
    this.#change(clientId, ({ received }) => received.add(packetId));
  }

  /** {@linkcode Store.deleteReceived} */
  deleteReceived(clientId: string, packetId: number): void {
    this.#change(clientId, ({ received }) => received.delete(packetId));
  }

  /** {@linkcode Store.putRetained} */
  putRetained(message: RetainedMessage): void {
    this.#write(({ retained }) => retained.set(message.topicName, message));
  }

  /** {@linkcode Store.deleteRetained} */
  deleteRetained(message: RetainedMessage | undefined): void {
    this.#write(({ retained }) => message !== undefined && retained.delete(message.topicName));
  }

  /** {@linkcode Store.putWill} */
  putWill(clientId: string, will: StoredWill): void {
    if (!this.#written.sessions.has(clientId)) return;
    this.#write(({ sessions }) => sessions.get(clientId)!.will = will);
  }

  /** {@linkcode Store.deleteWill} */
  deleteWill(clientId: string): void {
    if (this.#written.sessions.get(clientId)?.expirySeconds === 0) this.deleteSession(clientId);
    else this.#change(clientId, (session) => session.will = undefined);
  }

  /** Changes a session, if the store has it: what holds only a will is none. */
  #change(clientId: string, change: (session: SessionRecord) => void): void {
    if ((this.#written.sessions.get(clientId)?.expirySeconds ?? 0) === 0) return;
    this.#write(({ sessions }) => change(sessions.get(clientId)!));
  }

  /** Changes what is written now, and what is committed when that is done. */
  #write(change: (content: Content) => void): void {
    this.writes++;
    change(this.#written);
    this.#batch.push(change);
  }
}

function emptyContent(): Content {
  return { sessions: new Map(), retained: new Map() };
}

function newSession(): SessionRecord {
  return {
    expirySeconds: 0,
    expiresAtMs: Infinity,
    subscriptions: new Map(),
    deliveries: new Map(),
    received: new Set(),
    will: undefined,
  };
}

function copySession(session: SessionRecord): SessionRecord {
  return {
    ...session,
    subscriptions: new Map(session.subscriptions),
    deliveries: new Map(session.deliveries),
    received: new Set(session.received),
  };
}

function toStored([clientId, session]: [string, SessionRecord]): StoredSession {
  const { subscriptions, deliveries, received, ...rest } = session;
  return {
    clientId,
    ...rest,
    subscriptions: [...subscriptions.values()],
    deliveries: [...deliveries.values()],
    received: [...received],
  };
}
