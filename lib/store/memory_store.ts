import type {
  Delivery,
  InFlight,
  PreviousRetained,
  QueueCounts,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  SharedDelivery,
  Store,
  StoredDelivery,
  StoredSession,
  StoredState,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { deliverySizeBytes } from "../session/mod.ts";

/** A session as it is kept. */
interface SessionRecord {
  /** One that comes after it under the same Client Identifier is another. */
  readonly id: number;
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
  /** By place in the log and shared subscription. */
  readonly shared: Map<string, SharedDelivery>;
  position?: string;
}

/** A batch that has been taken. */
export interface TakenBatch {
  /** It is written: whoever reads finds it. */
  show(): void;
  /** It is on the disk: a crash leaves it. */
  keep(): void;
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
  /** Set it to play one that has grown to half of its limit. {@linkcode Store.isHalfFull} */
  isHalfFull = false;
  /** Set it to play one that has grown to its limit. {@linkcode Store.isFull} */
  isFull = false;
  /** Whether it gives back all that waits when it is loaded; else what is read while the broker runs is not among it. */
  loadsQueues = true;
  /** As of the last write. */
  #written: Content = emptyContent();
  /** As of the last commit that is done. */
  #committed: Content = emptyContent();
  /** As whoever reads finds it: of the last commit that is written. */
  #readable: Content = emptyContent();
  /** Written since the last commit. */
  #batch: ((content: Content) => void)[] = [];
  /** Commits that are not done. */
  #commits: (() => void)[] = [];
  #lastStoreId = 0;
  #lastSessionId = 0;
  readonly #schedule: Schedule;

  /** `schedule` says when a commit is done: by itself at once. */
  constructor(schedule: Schedule = (run) => run()) {
    this.#schedule = schedule;
  }

  /** What is committed, for a broker that begins with it; commits that are not done never will be. */
  load(): StoredState {
    this.#batch = [];
    this.#commits = [];
    this.#written = copyContent(this.#committed);
    this.#readable = copyContent(this.#committed);
    return stateOf(this.#written, this.loadsQueues ? toStored : withoutQueue);
  }

  /**
   * What is committed, with all that waits, of a store that is in use.
   * @internal
   */
  protected get committed(): StoredState {
    return stateOf(copyContent(this.#committed), toStored);
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    const batch = this.takeBatch();
    this.#commits.push(() => {
      batch.show();
      batch.keep();
      done?.();
    });
    // Whichever call of the schedule comes first does the oldest: commits keep their order.
    this.#schedule(() => this.#commits.shift()?.());
  }

  /**
   * Ends the batch that gathers. What is returned is called in the order of the batches, each of its two once.
   * @internal
   */
  protected takeBatch(): TakenBatch {
    const batch = this.#batch;
    this.#batch = [];
    return {
      show: () => {
        for (const change of batch) change(this.#readable);
      },
      keep: () => {
        for (const change of batch) change(this.#committed);
      },
    };
  }

  /** {@linkcode Store.putPosition} */
  putPosition(position: string): void {
    this.#write((content) => content.position = position);
  }

  /** {@linkcode Store.putShared} */
  putShared(delivery: SharedDelivery): void {
    const key = sharedKey(delivery.share, delivery.message.logId ?? 0);
    this.#write(({ shared }) => shared.set(key, delivery));
  }

  /** {@linkcode Store.deleteShared} */
  deleteShared(share: string, logId: number): void {
    this.#write(({ shared }) => shared.delete(sharedKey(share, logId)));
  }

  /** {@linkcode Store.putSession} */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void {
    const id = this.#written.sessions.get(clientId)?.id ?? ++this.#lastSessionId;
    this.#write(({ sessions }) => {
      let session = sessions.get(clientId);
      if (session === undefined) sessions.set(clientId, session = newSession(id));
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

  /** {@linkcode Store.readQueue} */
  readQueue(clientId: string, query: QueueQuery, done: (page: QueuePage) => void): void {
    const id = this.#written.sessions.get(clientId)?.id;
    if (id === undefined) done({ deliveries: [], nextExpiryMs: Infinity });
    else done(this.findQueued(clientId, id, query));
  }

  /** What is found at this moment. */
  protected findQueued(clientId: string, id: number, query: QueueQuery): QueuePage {
    const session = this.#readable.sessions.get(clientId);
    const waiting = session === undefined || session.id !== id
      ? []
      : [...session.deliveries.values()].filter(isWaitingApart).map(({ delivery }) => delivery);
    return select(waiting, query);
  }

  /** The sequences of what waits for a client behind this one, as it is written now. */
  apart(clientId: string, afterSequence: number): number[] {
    const deliveries = this.#written.sessions.get(clientId)?.deliveries.values() ?? [];
    return [...deliveries].filter(isWaitingApart).map(({ delivery }) => delivery.sequence)
      .filter((sequence) => sequence > afterSequence);
  }

  /** The number of the session that this client has now. */
  protected sessionId(clientId: string): number | undefined {
    return this.#written.sessions.get(clientId)?.id;
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
  deleteRetained(message: PreviousRetained | undefined): void {
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
  return { sessions: new Map(), retained: new Map(), shared: new Map() };
}

function sharedKey(share: string, logId: number): string {
  return `${logId} ${share}`;
}

function copyContent({ sessions, retained, shared, position }: Content): Content {
  return {
    ...position === undefined ? {} : { position },
    retained: new Map(retained),
    shared: new Map(shared),
    sessions: new Map([...sessions].map(([clientId, one]) => [clientId, copySession(one)])),
  };
}

function stateOf(
  { sessions, retained, shared, position }: Content,
  stored: (session: [string, SessionRecord]) => StoredSession,
): StoredState {
  const sequences = [...sessions.values()].flatMap(({ deliveries }) => [...deliveries.keys()]);
  return {
    sessions: [...sessions].map(stored),
    retained: [...retained.values()],
    shared: [...shared.values()],
    position,
    nextSequence: sequences.reduce((max, sequence) => Math.max(max, sequence), 0) + 1,
  };
}

function newSession(id: number): SessionRecord {
  return {
    id,
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
  const { subscriptions, deliveries, received, id: _, ...rest } = session;
  return {
    clientId,
    ...rest,
    subscriptions: [...subscriptions.values()],
    deliveries: [...deliveries.values()],
    received: [...received],
  };
}

/** What whoever reads the queue is given: the rest is in the broker's memory. */
function isWaitingApart({ delivery, packetId }: StoredDelivery): boolean {
  return packetId === 0 && delivery.share === undefined;
}

function withoutQueue(
  [clientId, session]: readonly [string, SessionRecord],
): StoredSession {
  const stored = toStored([clientId, session]);
  const deliveries = stored.deliveries.filter((one) => !isWaitingApart(one));
  return { ...stored, deliveries, queue: countsOf(stored.deliveries) };
}

/** What waits of these. */
export function countsOf(deliveries: readonly StoredDelivery[]): QueueCounts {
  const waiting = deliveries.filter(({ packetId }) => packetId === 0);
  return {
    messages: waiting.length,
    bytes: waiting.reduce((sum, { delivery }) => sum + deliverySizeBytes(delivery), 0),
    qos0Messages: waiting.filter(({ delivery }) => delivery.qos === 0).length,
  };
}

function select(waiting: readonly Delivery[], query: QueueQuery): QueuePage {
  const { afterSequence, maxMessages, maxBytes, expiredAtMs = -Infinity } = query;
  const isAsked = ({ message }: Delivery) =>
    query.expiredAtMs === undefined || message.expiresAtMs <= expiredAtMs;
  const behind = waiting.filter(({ sequence }) => sequence > afterSequence)
    .sort((a, b) => a.sequence - b.sequence);
  const found: Delivery[] = [];
  let sizeBytes = 0;
  for (const delivery of behind.filter(isAsked)) {
    sizeBytes += delivery.message.payload.length;
    if (found.length === maxMessages || found.length > 0 && sizeBytes > maxBytes) break;
    found.push(delivery);
  }
  const left = behind.filter((delivery) => !found.includes(delivery));
  const nextExpiryMs = left.reduce((ms, one) => Math.min(ms, one.message.expiresAtMs), Infinity);
  return { deliveries: found, nextExpiryMs };
}
