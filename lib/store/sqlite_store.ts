import type {
  Delivery,
  InFlight,
  KeptMessage,
  LogPort,
  Store,
  StoredState,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { Batch } from "./batch.ts";
import {
  type DeliveryRecord,
  type MessageRecord,
  newSessionRecord,
  type ReceivedRecord,
  type SessionRecord,
} from "./records.ts";
import { retainedRow, subscriptionRow, toEndless, willRow } from "./rows.ts";
import type { WriterInit } from "./sqlite_writer.ts";
import { type StoreStats, WriterLink } from "./writer_link.ts";

/**
 * How long a batch with QoS 1 messages that have just been sent waits for their acknowledgements, milliseconds: what is
 * acknowledged by then is never written, nor deleted. An acknowledgement to a publisher comes that much later at most.
 */
const HOLD_MS = 5;

/** What a store begins with. */
export interface SqliteStoreInit {
  /** Where the database is, and how surely a commit is to be on the disk. */
  readonly writer: WriterInit;
  /** What the file holds. */
  readonly state: StoredState;
  /** The ids of the sessions in the file. */
  readonly sessionIds: ReadonlyMap<string, number>;
  /** Greater than every one that is taken. */
  readonly nextSessionId: number;
  /** Greater than every one that is taken. */
  readonly nextMessageId: number;
  /** Greater than that of every delivery that is released. */
  readonly nextReleaseOrder: number;
  /** Told when writes fail, and when they work again. */
  readonly log: LogPort;
}

/**
 * The durable store: gathers writes, and hands them to a Worker that commits them together, so that a slow disk stalls nothing but
 * the acknowledgements that need it. While one commit runs the next batch gathers.
 */
export class SqliteStore implements Store {
  /** {@linkcode Store.writes} */
  writes = 0;
  readonly #writer: WriterLink;
  readonly #sessions = new Map<string, SessionRecord>();
  /** By the number that the store gave them. */
  readonly #messages = new Map<number, MessageRecord>();
  #nextSessionId: number;
  #nextMessageId: number;
  #nextReleaseOrder: number;
  #batch = new Batch();
  #waiting: (() => void)[] = [];
  /** Those whose writes are with the Worker; `undefined`: it has nothing to do. */
  #committing: (() => void)[] | undefined;
  #closed: PromiseWithResolvers<void> | undefined;
  /** Since when a commit of the batch that gathers has been asked for. */
  #heldSinceMs: number | undefined;
  #holdTimer: ReturnType<typeof setTimeout> | undefined;

  /** Starts the Worker; {@linkcode openStore} is the way to one that begins with what is on the disk. */
  constructor(init: SqliteStoreInit) {
    this.#nextSessionId = init.nextSessionId;
    this.#nextMessageId = init.nextMessageId;
    this.#nextReleaseOrder = init.nextReleaseOrder;
    this.#restore(init.state, init.sessionIds);
    this.#writer = new WriterLink(init.writer, init.log, {
      committed: () => this.#committed(),
      failed: () => this.#failed(),
      closed: () => {
        clearTimeout(this.#holdTimer);
        this.#closed?.resolve();
      },
    });
  }

  /** {@linkcode Store.isFailing} */
  get isFailing(): boolean {
    return this.#writer.isFailing;
  }

  /** How long the disk has owed an answer, milliseconds; 0: it owes none. */
  get unansweredMs(): number {
    return this.#writer.unansweredMs;
  }

  /** What was written so far. */
  get stats(): StoreStats {
    return this.#writer.stats;
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    if (done !== undefined) this.#waiting.push(done);
    this.#heldSinceMs ??= performance.now();
    if (this.#committing === undefined) this.#next();
  }

  /** Writes what has gathered, where that can be, and ends the Worker. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.isFailing) this.#writer.close();
      else if (this.#committing === undefined) this.#next();
    }
    return this.#closed.promise;
  }

  /** {@linkcode Store.putSession} */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number): void {
    this.writes++;
    let session = this.#sessions.get(clientId);
    if (session === undefined) {
      session = newSessionRecord(this.#nextSessionId++, false);
      this.#sessions.set(clientId, session);
    }
    const { id } = session;
    this.#batch.putSession(session, [
      id,
      clientId,
      toEndless(expirySeconds),
      toEndless(expiresAtMs),
    ]);
  }

  /** {@linkcode Store.deleteSession} */
  deleteSession(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#sessions.delete(clientId);
    for (const sequence of session.deliveries.keys()) this.#deleteDelivery(session, sequence);
    for (const record of session.received.values()) this.#batch.deleteReceived(record);
    this.#batch.deleteSession(session);
  }

  /** {@linkcode Store.putSubscription} */
  putSubscription(clientId: string, subscription: Subscription): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#batch.putSubscription(session, subscriptionRow(session.id, subscription));
  }

  /** {@linkcode Store.deleteSubscription} */
  deleteSubscription(clientId: string, topicFilter: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#batch.deleteSubscription(session, topicFilter);
  }

  /** {@linkcode Store.putDelivery} */
  putDelivery(clientId: string, delivery: Delivery): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    const record = this.#addDelivery(session, delivery, this.#messageOf(delivery.message));
    this.#batch.putDelivery(record);
  }

  /** {@linkcode Store.putInFlight} */
  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
  ): void {
    const record = this.#sessions.get(clientId)?.deliveries.get(sequence);
    if (record === undefined) return;
    this.writes++;
    const releaseOrder = state === "released" ? this.#nextReleaseOrder++ : 0;
    this.#batch.changeDelivery(record, packetId, releaseOrder);
  }

  /** {@linkcode Store.deleteDelivery} */
  deleteDelivery(clientId: string, { sequence }: Delivery): void {
    const session = this.#sessions.get(clientId);
    if (session !== undefined && this.#deleteDelivery(session, sequence)) this.writes++;
  }

  /** {@linkcode Store.putReceived} */
  putReceived(clientId: string, packetId: number): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    if (session.received.has(packetId)) return;
    const record: ReceivedRecord = { sessionId: session.id, packetId, place: "gathered" };
    session.received.set(packetId, record);
    this.#batch.putReceived(record);
  }

  /** {@linkcode Store.deleteReceived} */
  deleteReceived(clientId: string, packetId: number): void {
    const session = this.#sessions.get(clientId);
    const record = session?.received.get(packetId);
    if (record === undefined) return;
    this.writes++;
    session!.received.delete(packetId);
    this.#batch.deleteReceived(record);
  }

  /** {@linkcode Store.putRetained} */
  putRetained(message: KeptMessage): void {
    this.writes++;
    this.#batch.putRetained(message.topicName, () => retainedRow(message));
  }

  /** {@linkcode Store.deleteRetained} */
  deleteRetained(topicName: string): void {
    this.writes++;
    this.#batch.deleteRetained(topicName);
  }

  /** {@linkcode Store.putWill} */
  putWill(clientId: string, will: StoredWill): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#batch.putWill(session, willRow(session.id, will));
  }

  /** {@linkcode Store.deleteWill} */
  deleteWill(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#batch.deleteWill(session);
  }

  #addDelivery(
    session: SessionRecord,
    delivery: Delivery,
    message: MessageRecord,
  ): DeliveryRecord {
    const record: DeliveryRecord = {
      sessionId: session.id,
      delivery,
      message,
      packetId: 0,
      releaseOrder: 0,
      isChanged: false,
      place: "written",
    };
    message.references++;
    session.deliveries.set(delivery.sequence, record);
    return record;
  }

  #deleteDelivery(session: SessionRecord, sequence: number): boolean {
    const record = session.deliveries.get(sequence);
    if (record === undefined) return false;
    session.deliveries.delete(sequence);
    this.#batch.deleteDelivery(record);
    const { message } = record;
    if (--message.references === 0) {
      this.#messages.delete(message.id);
      this.#batch.deleteMessage(message);
    }
    return true;
  }

  /** A message whose last delivery is gone may come again: its row is gone too, and it gets another. */
  #messageOf(message: KeptMessage): MessageRecord {
    const known = message.storeId === 0 ? undefined : this.#messages.get(message.storeId);
    if (known !== undefined) return known;
    message.storeId = this.#nextMessageId++;
    const record = this.#addMessage(message);
    this.#batch.putMessage(record);
    return record;
  }

  #addMessage(message: KeptMessage): MessageRecord {
    const record: MessageRecord = { id: message.storeId, message, references: 0, place: "written" };
    this.#messages.set(record.id, record);
    return record;
  }

  #restore(state: StoredState, sessionIds: ReadonlyMap<string, number>): void {
    for (const { clientId, deliveries, received } of state.sessions) {
      const session = newSessionRecord(sessionIds.get(clientId)!, true);
      this.#sessions.set(clientId, session);
      for (const { delivery } of deliveries) {
        const { message } = delivery;
        const record = this.#messages.get(message.storeId) ?? this.#addMessage(message);
        this.#addDelivery(session, delivery, record);
      }
      for (const packetId of received) {
        session.received.set(packetId, { sessionId: session.id, packetId, place: "written" });
      }
    }
  }

  /**
   * Hands the batch that has gathered to the Worker, and not before it is worth it; where all in it cancelled out there is nothing
   * to wait for.
   */
  #next(): void {
    while (this.#batch.isEmpty) {
      this.#heldSinceMs = undefined;
      if (this.#waiting.length === 0) {
        if (this.#closed !== undefined) this.#writer.close();
        return;
      }
      this.#finish(this.#takeWaiting());
    }
    if (this.#batch.mayShrink && this.#closed === undefined && this.#holdBack()) return;
    const batch = this.#batch;
    this.#batch = new Batch();
    this.#heldSinceMs = undefined;
    this.#committing = this.#takeWaiting();
    this.#writer.write(batch.takeRows());
  }

  /** Whether it is too early to write: a receiver that is there acknowledges sooner than a disk writes. */
  #holdBack(): boolean {
    const leftMs = (this.#heldSinceMs ?? 0) + HOLD_MS - performance.now();
    if (leftMs <= 0) return false;
    this.#holdTimer ??= setTimeout(() => {
      this.#holdTimer = undefined;
      if (this.#committing === undefined) this.#next();
    }, leftMs);
    return true;
  }

  #takeWaiting(): (() => void)[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** What they lead to waits its turn: commits are done in their order. */
  #finish(commits: (() => void)[]): void {
    this.#committing = commits;
    for (const done of commits) done();
    this.#committing = undefined;
  }

  #committed(): void {
    this.#finish(this.#committing!);
    this.#next();
  }

  #failed(): void {
    if (this.#closed !== undefined) this.#writer.close();
  }
}
