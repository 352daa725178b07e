import type {
  Delivery,
  InFlight,
  KeptMessage,
  LogPort,
  PreviousRetained,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  SentDelivery,
  SharedDelivery,
  Store,
  StoredRetained,
  StoredState,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { deliverySizeBytes } from "../session/mod.ts";
import { GroupCommit } from "./group_commit.ts";
import { countsOf } from "./memory_store.ts";
import {
  type DeliveryRecord,
  type MessageRecord,
  newSessionRecord,
  type ReceivedRecord,
  SentNote,
  type SessionRecord,
} from "./records.ts";
import { unpackQueue } from "./packed_queue.ts";
import {
  messageFromRow,
  type QueuedRow,
  SHARED_FLAG,
  subscriptionRow,
  toEndless,
  waitingFromRow,
  willRow,
} from "./rows.ts";
import type { WriterInit } from "./writer_protocol.ts";
import { type StoreClock, SYSTEM_CLOCK } from "./store_clock.ts";
import { backupToRead, type StoreBackup } from "./backup.ts";
import type { StoreStats } from "./writer_link.ts";

/** The parts of a store. */
export interface SqliteStoreInit {
  /** The path of the database, and its durability. */
  readonly writer: WriterInit;
  /** The contents of the file. */
  readonly state: StoredState;
  /** The ids of the sessions in the file. */
  readonly sessionIds: ReadonlyMap<string, number>;
  /** Greater than every number in use. */
  readonly nextSessionId: number;
  /** Greater than every number in use. */
  readonly nextMessageId: number;
  /** Greater than the order of every released delivery. */
  readonly nextReleaseOrder: number;
  /** Stored messages that have one delivery and can never get another. */
  readonly soleMessages?: ReadonlySet<number> | undefined;
  /** Gets a line when writes fail, and when they work again. */
  readonly log: LogPort;
  /** Default: the machine's clock. */
  readonly clock?: StoreClock | undefined;
}

/**
 * The durable store. It collects writes, and hands them to a Worker that commits them together, so that a slow disk delays only the
 * acknowledgements that need it. While one commit runs, the next batch is collected.
 */
export class SqliteStore implements Store {
  /** {@linkcode Store.writes} */
  writes = 0;
  readonly #commits: GroupCommit;
  readonly #directory: string;
  readonly #sessions = new Map<string, SessionRecord>();
  /** Messages by their number in the store. */
  readonly #messages = new Map<number, MessageRecord>();
  #nextSessionId: number;
  #nextMessageId: number;
  #nextReleaseOrder: number;

  /** Most callers use {@linkcode openStore}, which also reads the file. */
  constructor(init: SqliteStoreInit) {
    this.#nextSessionId = init.nextSessionId;
    this.#nextMessageId = init.nextMessageId;
    this.#nextReleaseOrder = init.nextReleaseOrder;
    this.#restore(init.state, init.sessionIds, init.soleMessages);
    this.#directory = init.writer.path.slice(0, init.writer.path.lastIndexOf("/"));
    const clock = init.clock ?? SYSTEM_CLOCK;
    this.#commits = new GroupCommit(init.writer, clock, init.log, {
      forget: (record) => this.#forget(record),
      record: (note) => this.#record(note),
    });
  }

  /** {@linkcode Store.isFailing} */
  get isFailing(): boolean {
    return this.#commits.isFailing || this.#commits.isFull;
  }

  /** {@linkcode Store.isFull} */
  get isFull(): boolean {
    return this.#commits.isFull;
  }

  /** {@linkcode Store.isHalfFull} */
  get isHalfFull(): boolean {
    return this.#commits.isHalfFull;
  }

  /** How long the present write to the disk has been pending, milliseconds; 0 if there is none. */
  get unansweredMs(): number {
    return this.#commits.unansweredMs;
  }

  /** Counters of what was written. */
  get stats(): StoreStats {
    return this.#commits.stats;
  }

  /** Starts the writing thread at a quiet moment. Otherwise the first write starts it, and waits for it. */
  begin(): void {
    this.#commits.begin();
  }

  /**
   * Makes a backup while the store is in use; it includes everything acknowledged. Writes wait meanwhile, about one and a half seconds for
   * each 100 MB, and the directory briefly needs as much room again. Rejects if the backup fails.
   */
  backUp(): Promise<StoreBackup> {
    return backupToRead(this.#directory, (path) => this.#commits.backUp(path));
  }

  /** {@linkcode Store.commit} */
  commit(done?: () => void): void {
    this.#commits.commit(done);
  }

  /** {@linkcode Store.holdBack} */
  holdBack(isPart: boolean): void {
    this.#commits.isPart = isPart;
  }

  /** Writes pending changes, if possible, and ends the Worker. */
  close(): Promise<void> {
    return this.#commits.close();
  }

  /** {@linkcode Store.putPosition} */
  putPosition(position: string): void {
    this.writes++;
    this.#commits.batch.putPosition(position);
  }

  /** {@linkcode Store.putShared} */
  putShared(delivery: SharedDelivery): void {
    this.writes++;
    this.#commits.batch.putShared(delivery);
  }

  /** {@linkcode Store.deleteShared} */
  deleteShared(share: string, logId: number): void {
    this.writes++;
    this.#commits.batch.deleteShared(share, logId);
  }

  /** {@linkcode Store.putSession} */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void {
    this.writes++;
    let session = this.#sessions.get(clientId);
    if (session === undefined) {
      session = newSessionRecord(this.#nextSessionId++, expirySeconds, false);
      this.#sessions.set(clientId, session);
    }
    const { id } = session;
    // Of a client that comes back nothing may have changed. Then CONNACK has no commit to wait for.
    if (isAsPut(session, expirySeconds, expiresAtMs, owner)) {
      return this.#commits.batch.keepSession(session);
    }
    session.isSession = expirySeconds > 0;
    Object.assign(session, { expirySeconds, expiresAtMs, owner: owner ?? session.owner });
    this.#commits.batch.putSession(session, [
      id,
      clientId,
      toEndless(expirySeconds),
      toEndless(expiresAtMs),
      owner ?? null,
    ]);
  }

  /** {@linkcode Store.deleteSession} */
  deleteSession(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#sessions.delete(clientId);
    for (const sequence of session.deliveries.keys()) this.#deleteDelivery(session, sequence);
    this.#commits.batch.deleteSentOf(session);
    for (const record of session.received.values()) this.#commits.batch.deleteReceived(record);
    this.#commits.batch.deleteSession(session);
  }

  /** {@linkcode Store.putSubscription} */
  putSubscription(clientId: string, subscription: Subscription): void {
    const session = this.#sessionOf(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#commits.batch.putSubscription(session, subscriptionRow(session.id, subscription));
  }

  /** {@linkcode Store.deleteSubscription} */
  deleteSubscription(clientId: string, topicFilter: string): void {
    const session = this.#sessionOf(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#commits.batch.deleteSubscription(session, topicFilter);
  }

  /** {@linkcode Store.putDelivery} */
  putDelivery(clientId: string, delivery: Delivery, isApart = false): void {
    const session = this.#sessionOf(clientId);
    if (session === undefined) return;
    this.writes++;
    const message = this.#messageOf(delivery.message);
    session.lastSequence = Math.max(session.lastSequence, delivery.sequence);
    if (isApart) session.hasApart = true;
    this.#count(session, delivery, 1);
    this.#commits.batch.putDelivery(this.#addDelivery(session, delivery, message, isApart));
  }

  /** {@linkcode Store.readQueue} */
  readQueue(clientId: string, query: QueueQuery, done: (page: QueuePage) => void): void {
    const session = this.#sessionOf(clientId);
    const nothing: QueuePage = { deliveries: [], nextExpiryMs: Infinity };
    if (session === undefined) return done(nothing);
    const { expiredAtMs, ...rest } = query;
    this.#commits.read({ sessionId: session.id, expiredAtMs, ...rest }, (rows, nextExpiryMs) => {
      if (this.#sessions.get(clientId) !== session) return done(nothing);
      const deliveries: Delivery[] = [];
      for (const row of unpackQueue(rows)) deliveries.push(this.#takeBack(session, row));
      done({ deliveries, nextExpiryMs });
    });
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
    if (record.packetId === 0) this.#count(record.session, record.delivery, -1);
    const releaseOrder = state === "released" ? this.#nextReleaseOrder++ : 0;
    this.#commits.batch.changeDelivery(record, packetId, releaseOrder);
  }

  /** {@linkcode Store.putSent} */
  putSent(clientId: string, sent: SentDelivery): void {
    const session = this.#sessionOf(clientId);
    if (session === undefined) return;
    this.writes++;
    session.lastSequence = Math.max(session.lastSequence, sent.sequence);
    const { batch } = this.#commits;
    const note = new SentNote(session, sent, batch.point);
    sent.note = note;
    batch.putSent(note);
  }

  /** {@linkcode Store.deleteDelivery} */
  deleteDelivery(clientId: string, delivery: Delivery): void {
    const { sequence, note } = delivery as Delivery & Partial<SentDelivery>;
    if (note instanceof SentNote && note.place === "gathered") {
      this.writes++;
      return this.#commits.batch.deleteSent(note);
    }
    const session = this.#sessions.get(clientId);
    if (session !== undefined && this.#deleteDelivery(session, sequence)) this.writes++;
  }

  /** {@linkcode Store.putReceived} */
  putReceived(clientId: string, packetId: number): void {
    const session = this.#sessionOf(clientId);
    if (session === undefined) return;
    this.writes++;
    if (session.received.has(packetId)) return;
    const record: ReceivedRecord = { sessionId: session.id, packetId, place: "gathered" };
    session.received.set(packetId, record);
    this.#commits.batch.putReceived(record);
  }

  /** {@linkcode Store.deleteReceived} */
  deleteReceived(clientId: string, packetId: number): void {
    const session = this.#sessions.get(clientId);
    const record = session?.received.get(packetId);
    if (record === undefined) return;
    this.writes++;
    session!.received.delete(packetId);
    this.#commits.batch.deleteReceived(record);
  }

  /** {@linkcode Store.putRetained} */
  putRetained(message: RetainedMessage, previous?: PreviousRetained): void {
    this.writes++;
    this.#commits.batch.putRetained(message, previous);
  }

  /** {@linkcode Store.readRetained} */
  readRetained(
    topicNames: readonly string[],
    done: (messages: readonly (StoredRetained | undefined)[]) => void,
  ): void {
    this.#commits.readRetained(topicNames, done);
  }

  /** {@linkcode Store.deleteRetained} */
  deleteRetained(message: PreviousRetained | undefined): void {
    this.writes++;
    if (message !== undefined) this.#commits.batch.deleteRetained(message);
  }

  /** {@linkcode Store.putWill} */
  putWill(clientId: string, will: StoredWill): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    this.writes++;
    this.#commits.batch.putWill(session, willRow(session.id, will));
  }

  /** {@linkcode Store.deleteWill} */
  deleteWill(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    if (!session.isSession) return this.deleteSession(clientId);
    this.writes++;
    this.#commits.batch.deleteWill(session);
  }

  /** The record of a session; `undefined` if it is not stored. */
  #sessionOf(clientId: string): SessionRecord | undefined {
    const session = this.#sessions.get(clientId);
    return session?.isSession === true ? session : undefined;
  }

  #addDelivery(
    session: SessionRecord,
    delivery: Delivery,
    message: MessageRecord,
    isApart: boolean,
  ): DeliveryRecord {
    const record: DeliveryRecord = {
      session,
      delivery,
      message,
      packetId: 0,
      releaseOrder: 0,
      isChanged: false,
      isWaiting: true,
      isApart,
      point: undefined,
      place: "written",
    };
    if (++message.references > 1) message.isShared = true;
    session.deliveries.set(delivery.sequence, record);
    return record;
  }

  /** Counts a delivery that begins or ceases to wait. */
  #count(session: SessionRecord, delivery: Delivery, sign: 1 | -1): void {
    const { queue } = session;
    queue.messages += sign;
    queue.bytes += sign * deliverySizeBytes(delivery);
    if (delivery.qos === 0) queue.qos0Messages += sign;
    this.#commits.batch.changeQueue(session);
  }

  /** Makes records of a delivery that gathered without. */
  #record({ session, sent }: SentNote): DeliveryRecord {
    const { message } = sent;
    message.storeId = this.#nextMessageId++;
    return this.#addDelivery(session, sent, this.#addMessage(message), false);
  }

  /** Removes a delivery from memory: the Worker has it, and it is not needed until it is read. */
  #forget({ session, delivery, message }: DeliveryRecord): void {
    session.deliveries.delete(delivery.sequence);
    if (--message.references === 0) this.#messages.delete(message.id);
  }

  /** Adds a delivery that was read from the file to memory. */
  #takeBack(session: SessionRecord, row: QueuedRow): Delivery {
    const { messageId, packet, publisher, expiresAtMs, flags } = row;
    let message = this.#messages.get(messageId);
    if (message === undefined) {
      message = this.#addMessage(messageFromRow(packet, publisher, expiresAtMs, messageId));
      message.isShared = flags >= SHARED_FLAG;
    }
    const delivery = waitingFromRow(row, message.message);
    this.#addDelivery(session, delivery, message, false);
    return delivery;
  }

  #deleteDelivery(session: SessionRecord, sequence: number): boolean {
    const record = session.deliveries.get(sequence);
    if (record === undefined) return false;
    session.deliveries.delete(sequence);
    if (record.packetId === 0) this.#count(session, record.delivery, -1);
    this.#commits.batch.deleteDelivery(record);
    const { message } = record;
    if (--message.references === 0) {
      this.#messages.delete(message.id);
      this.#commits.batch.deleteMessage(message);
    }
    return true;
  }

  /**
   * Returns the record of a message, or stores the message under a new number. A new number is needed if the message's row is gone because
   * its last delivery was, or if the file says that its only delivery is the last one.
   */
  #messageOf(message: KeptMessage): MessageRecord {
    const known = message.storeId === 0 ? undefined : this.#messages.get(message.storeId);
    if (known !== undefined && (known.place === "gathered" || known.isShared)) return known;
    message.storeId = this.#nextMessageId++;
    const record = this.#addMessage(message);
    this.#commits.batch.putMessage(record);
    return record;
  }

  #addMessage(message: KeptMessage): MessageRecord {
    const record: MessageRecord = {
      id: message.storeId,
      message,
      references: 0,
      isShared: false,
      lastBatch: 0,
      place: "written",
    };
    this.#messages.set(record.id, record);
    return record;
  }

  #restore(
    state: StoredState,
    sessionIds: ReadonlyMap<string, number>,
    soleMessages?: ReadonlySet<number>,
  ): void {
    for (const stored of state.sessions) {
      const { clientId, expirySeconds, expiresAtMs, owner, deliveries, received, queue } = stored;
      const session = newSessionRecord(sessionIds.get(clientId)!, expirySeconds, true);
      this.#sessions.set(clientId, session);
      Object.assign(session, { expiresAtMs, owner });
      session.hasApart = queue !== undefined;
      session.lastSequence = (state.nextSequence ?? 1) - 1;
      Object.assign(session.queue, queue ?? countsOf(deliveries));
      session.isQueueWritten = session.queue.messages > 0;
      for (const { delivery, packetId } of deliveries) {
        const { message } = delivery;
        const record = this.#messages.get(message.storeId) ?? this.#addMessage(message);
        // The file may have more deliveries of this message.
        record.isShared = soleMessages?.has(record.id) !== true;
        const added = this.#addDelivery(session, delivery, record, false);
        added.packetId = packetId;
        added.isWaiting = packetId === 0;
      }
      for (const packetId of received) {
        session.received.set(packetId, { sessionId: session.id, packetId, place: "written" });
      }
    }
  }
}

/** Whether the session has been put with these times, and by this owner. */
function isAsPut(
  session: SessionRecord,
  expirySeconds: number,
  expiresAtMs: number,
  owner: string | undefined,
): boolean {
  return session.expirySeconds === expirySeconds && session.expiresAtMs === expiresAtMs &&
    (owner === undefined || session.owner === owner);
}
