import type { PreviousRetained, RetainedMessage, SharedDelivery } from "../broker/mod.ts";
import type { BatchRows, ReceivedRow, WaitingKey } from "./batch_rows.ts";
import { CommitPoint } from "./commit_point.ts";
import { Gathered } from "./gathered.ts";
import { GatheredRetained } from "./gathered_retained.ts";
import { type FlightPut, packFlight } from "./packed_flight.ts";
import { GatheredSessions } from "./gathered_sessions.ts";
import { packRetained } from "./packed_retained.ts";
import type {
  DeliveryRecord,
  MessageRecord,
  ReceivedRecord,
  SentNote,
  SessionRecord,
} from "./records.ts";
import {
  messageRow,
  type QueueRow,
  type SessionRow,
  type SubscriptionRow,
  waitingRow,
  type WillRow,
} from "./rows.ts";
import { GatheredShared } from "./shared_rows.ts";

/**
 * The most retained messages in one commit. A million of them are written in pieces, because encoding a piece takes some milliseconds, and
 * others get a turn in between.
 */
const RETAINED_ROWS = 2000;

/** A message in flight up to this size is written with its delivery, bytes; a larger one has a row of its own. */
const WHOLE_BYTES = 8192;
/** After this many positions, the last one is written even if there is nothing else to write. */
const POSITION_EVERY = 1000;

/** The store of a batch, which has all records. */
export interface BatchOwner {
  /** A delivery is no longer needed in memory. */
  forget(record: DeliveryRecord): void;
  /** Makes records of a delivery that is to be written. */
  record(note: SentNote): DeliveryRecord;
}

const NOBODY: BatchOwner = {
  forget() {},
  record() {
    throw new Error("Nobody has this delivery");
  },
};

/**
 * Collects the writes of one commit. A write that is undone before the commit leaves the batch: a message that is stored and acknowledged
 * by all its receivers while another commit runs never reaches the disk.
 */
export class Batch {
  /** How far a cluster's log has been applied with these writes; `null` for no change. */
  #position: string | null = null;
  #positions = 0;
  /** Number of this batch; they are written in this order. */
  readonly number: number;
  /** What the next awaited commit waits for. */
  point: CommitPoint;
  /** The retained messages of the rows that were taken last. */
  takenRetained: readonly RetainedMessage[] = [];
  readonly #retained = new GatheredRetained();
  readonly #owner: BatchOwner;
  readonly #deletedSessions: number[] = [];
  readonly #endedSessions: number[] = [];
  readonly #sessions = new GatheredSessions();
  #messages = new Gathered<MessageRecord>();
  readonly #deletedMessages: number[] = [];
  readonly #releasedMessages: number[] = [];
  #deliveries = new Gathered<DeliveryRecord>();
  #sent = new Gathered<SentNote>();
  #changedDeliveries: DeliveryRecord[] = [];
  /** How many of them have not been deleted since. */
  #changed = 0;
  /** New QoS 1 deliveries that have been sent and not acknowledged. */
  #unacknowledged = 0;
  readonly #deletedDeliveries: number[] = [];
  readonly #deletedWaiting: WaitingKey[] = [];
  #changedQueues: SessionRecord[] = [];
  readonly #received = new Gathered<ReceivedRecord>();
  readonly #deletedReceived: ReceivedRow[] = [];
  readonly #shared = new GatheredShared();

  constructor(owner: BatchOwner = NOBODY, number = 1, point = new CommitPoint()) {
    this.#owner = owner;
    this.number = number;
    this.point = point;
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.rows + this.#changedDeliveries.length + this.#retained.size === 0 &&
      this.#positions < POSITION_EVERY;
  }

  /**
   * The approximate number of rows to write, without retained messages. A delivery that was sent and acknowledged counts once, though its
   * row changes and is deleted with the message's: so many messages may be sent again after a crash.
   */
  get rows(): number {
    const deletedMessages = this.#deletedMessages.length + this.#releasedMessages.length;
    const deletedDeliveries = this.#deletedDeliveries.length + this.#deletedWaiting.length;
    return this.#messages.size + this.#deliveries.size + this.#sent.size + this.#received.size +
      this.#changed + Math.max(deletedDeliveries, deletedMessages) +
      this.#deletedReceived.length + this.#deletedSessions.length +
      this.#sessions.size + this.#shared.size;
  }

  /** The approximate number of rows to write whatever is acknowledged, without retained messages. */
  get lastingRows(): number {
    const young = this.#unacknowledged;
    return this.rows - young - Math.min(young, this.#messages.size);
  }

  /** Whether there is a position to write. */
  get hasPosition(): boolean {
    return this.#position !== null;
  }

  /** Whether some writes may soon be undone: messages of QoS 1 have been sent, and their acknowledgements may come at any moment. */
  get mayShrink(): boolean {
    return this.#unacknowledged > 0;
  }

  /**
   * Notes the position. It is written with other rows, and alone only after many positions: after a restart the log is read again from the
   * stored one.
   */
  putPosition(position: string): void {
    this.#position = position;
    if (++this.#positions >= POSITION_EVERY) this.#lasts();
  }

  putSession(session: SessionRecord, row: SessionRow): void {
    this.#lasts();
    session.rowBatch = this.number;
    this.#sessions.put(session, row);
  }

  /** The row is as it should be, or will be: who waits for the next commit waits for the batch that has it. */
  keepSession({ rowBatch }: SessionRecord): void {
    this.point.lastBatch = Math.max(this.point.lastBatch, rowBatch);
  }

  /** The session's deliveries and Packet Identifiers must have been deleted before. */
  deleteSession(session: SessionRecord): void {
    this.#sessions.delete(session);
    session.isDeleted = true;
    this.#lasts();
    if (!session.isWritten) return;
    this.#deletedSessions.push(session.id);
    if (session.hasApart) this.#endedSessions.push(session.id);
  }

  putSubscription(session: SessionRecord, row: SubscriptionRow): void {
    this.#lasts();
    this.#sessions.putSubscription(session, row);
  }

  deleteSubscription(session: SessionRecord, topicFilter: string): void {
    this.#lasts();
    this.#sessions.deleteSubscription(session, topicFilter);
  }

  putWill(session: SessionRecord, row: WillRow): void {
    this.#lasts();
    this.#sessions.putWill(session, row);
  }

  deleteWill(session: SessionRecord): void {
    this.#lasts();
    this.#sessions.deleteWill(session);
  }

  /** Notes that the size of the session's queue has changed. */
  changeQueue(session: SessionRecord): void {
    if (session.isQueueChanged) return;
    session.isQueueChanged = true;
    this.#changedQueues.push(session);
  }

  /** Adds a message. It is encoded when the batch is written, so one that leaves the batch before never is. */
  putMessage(record: MessageRecord): void {
    this.#messages.add(record);
  }

  deleteMessage(record: MessageRecord): void {
    if (!this.#messages.delete(record)) return;
    if (record.isShared) this.#releasedMessages.push(record.id);
    else this.#deletedMessages.push(record.id);
  }

  putDelivery(record: DeliveryRecord): void {
    record.point = this.point;
    this.point.gathered++;
    this.#deliveries.add(record);
  }

  /** Notes that the delivery is in flight with this Packet Identifier and state. */
  changeDelivery(record: DeliveryRecord, packetId: number, releaseOrder: number): void {
    this.#unacknowledged -= unacknowledged(record);
    record.packetId = packetId;
    record.releaseOrder = releaseOrder;
    this.#unacknowledged += unacknowledged(record);
    if (record.place !== "written" || record.isChanged) return;
    record.isChanged = true;
    this.#lasts();
    this.#changedDeliveries.push(record);
    this.#changed++;
  }

  /** Of what is in flight nobody waits for it: if it is not written, the delivery is sent again after a crash. */
  deleteDelivery(record: DeliveryRecord): void {
    this.#unacknowledged -= unacknowledged(record);
    if (record.place === "gathered") record.point!.gathered--;
    if (record.isChanged) this.#changed--;
    if (!this.#deliveries.delete(record)) return;
    const { delivery: { sequence }, session } = record;
    if (record.isWaiting) {
      this.#lasts();
      this.#deletedWaiting.push([session.id, sequence]);
    } else this.#deletedDeliveries.push(sequence);
  }

  /** Adds a delivery in flight that is likely to be acknowledged before it is written. */
  putSent(note: SentNote): void {
    note.session.sent++;
    note.point.gathered++;
    this.#unacknowledged++;
    this.#sent.add(note);
  }

  /** The note must gather. */
  deleteSent(note: SentNote): void {
    note.session.sent--;
    note.point.gathered--;
    this.#unacknowledged--;
    this.#sent.delete(note);
  }

  /** Deletes what gathers of this kind for a session. */
  deleteSentOf(session: SessionRecord): void {
    if (session.sent === 0) return;
    const notes: SentNote[] = [];
    this.#sent.forEach((note) => note.session === session && notes.push(note));
    for (const note of notes) this.deleteSent(note);
  }

  putReceived(record: ReceivedRecord): void {
    this.#lasts();
    this.#received.add(record);
  }

  deleteReceived(record: ReceivedRecord): void {
    if (!this.#received.delete(record)) return;
    this.#lasts();
    this.#deletedReceived.push([record.sessionId, record.packetId]);
  }

  /** {@linkcode GatheredRetained.put} */
  putRetained(message: RetainedMessage, previous: PreviousRetained | undefined): void {
    this.#lasts();
    this.#retained.put(message, previous);
  }

  /** {@linkcode GatheredRetained.delete} */
  deleteRetained(message: PreviousRetained): void {
    this.#lasts();
    this.#retained.delete(message);
  }

  /** {@linkcode Store.putShared} */
  putShared(delivery: SharedDelivery): void {
    this.#lasts();
    this.#shared.put(delivery);
  }

  /** {@linkcode Store.deleteShared} */
  deleteShared(share: string, logId: number): void {
    this.#lasts();
    this.#shared.delete(share, logId);
  }

  /**
   * Ends what gathers here, and returns the batch that gathers from now on. Deliveries of later points than `lastOrder` that are likely to
   * be acknowledged soon, and their messages, go into that one.
   */
  next(lastOrder: number): Batch {
    const next = new Batch(this.#owner, this.number + 1, this.point);
    if (this.#unacknowledged === 0) return next;
    next.#sent = this.#sent.split(({ point }) => point.order > lastOrder);
    for (const note of this.#sent.take((note) => note)) this.#putRecord(note);
    const isYoung = (record: DeliveryRecord) =>
      unacknowledged(record) === 1 && record.point!.order > lastOrder;
    this.#deliveries.forEach((record) => {
      if (!isYoung(record)) record.message.lastBatch = this.number;
    });
    // A message is written with all of its deliveries, so that no crash leaves one without any.
    const isLeft = ({ place, lastBatch }: MessageRecord) =>
      place === "gathered" && lastBatch !== this.number;
    next.#deliveries = this.#deliveries.split((record) =>
      isYoung(record) && isLeft(record.message)
    );
    next.#messages = this.#messages.split(isLeft);
    next.#unacknowledged = next.#deliveries.size + next.#sent.size;
    this.#unacknowledged = 0;
    return next;
  }

  /**
   * Takes the rows, to be written in the order of `BatchRows`, with at most as many retained messages as fit one commit. If the batch is
   * not empty afterwards, there is more to take, and nothing may be added before.
   */
  takeRows(): BatchRows {
    const sessions = this.#sessions.take();
    const { moved, changed, added } = this.#takeDeliveries();
    const sent = added.filter(isInFlight).map((delivery) => this.#withMessage(delivery));
    const { put, deleted } = this.#retained.take(RETAINED_ROWS);
    const shared = this.#shared.take();
    this.takenRetained = put;
    // Only the last part of a large batch has the position, because it stands for all parts.
    const position = this.#retained.size === 0 ? this.#position : null;
    this.#positions = 0;
    return {
      deletedSessions: this.#deletedSessions.splice(0),
      endedSessions: this.#endedSessions.splice(0),
      ...sessions,
      messages: this.#messages.take(messageRow),
      waiting: added.filter((record) => !isInFlight(record)).map(waitingRow),
      flight: packFlight({
        deleted: this.#deletedDeliveries.splice(0),
        changed,
        put: [...moved.map((delivery) => ({ delivery, isWhole: false })), ...sent],
      }),
      deletedWaiting: this.#deletedWaiting.splice(0),
      deletedMessages: this.#deletedMessages.splice(0),
      releasedMessages: this.#releasedMessages.splice(0),
      queues: this.#takeQueues(),
      deletedReceived: this.#deletedReceived.splice(0),
      received: this.#received.take(receivedRow),
      deletedRetained: deleted,
      retained: packRetained(put),
      deletedShared: shared.deleted,
      shared: shared.put,
      position,
    };
  }

  /**
   * Takes new deliveries, those whose row is out of date, and those that have waited and are now in flight, whose rows move to another
   * table.
   */
  #takeDeliveries() {
    // Must come before the new deliveries of this batch count as written, because their rows are correct anyway.
    const written = this.#changedDeliveries.filter(({ place }) => place === "written");
    for (const record of this.#changedDeliveries) record.isChanged = false;
    this.#changedDeliveries = [];
    this.#changed = 0;
    const moved = written.filter(({ isWaiting }) => isWaiting);
    const changed = written.filter(({ isWaiting }) => !isWaiting);
    for (const record of moved) {
      record.isWaiting = false;
      this.#deletedWaiting.push([record.session.id, record.delivery.sequence]);
    }
    const added = this.#deliveries.take((record) => record);
    for (const record of added) {
      record.isWaiting = !isInFlight(record);
      record.point!.gathered--;
      record.point!.lastBatch = this.number;
      record.point = undefined;
      if (record.isApart) this.#owner.forget(record);
    }
    return { moved, changed, added };
  }

  /**
   * Adds the message to its delivery, if no other delivery has it or ever will: a message with a row of its own cannot get other deliveries
   * any more.
   */
  #withMessage(delivery: DeliveryRecord): FlightPut {
    const { message } = delivery;
    const isWhole = message.place === "gathered" && !message.isShared &&
      message.message.payload.length <= WHOLE_BYTES;
    if (isWhole) this.#messages.takeOne(message);
    return { delivery, isWhole };
  }

  /** Takes the sizes of queues that are not empty, or not empty in the file. */
  #takeQueues(): QueueRow[] {
    const changed = this.#changedQueues;
    this.#changedQueues = [];
    const rows: QueueRow[] = [];
    for (const session of changed) {
      const { id, queue: { messages, bytes, qos0Messages }, lastSequence, isDeleted } = session;
      session.isQueueChanged = false;
      if (isDeleted || messages === 0 && !session.isQueueWritten) continue;
      session.isQueueWritten = messages > 0;
      rows.push([id, messages, bytes, qos0Messages, lastSequence]);
    }
    return rows;
  }

  #putRecord(note: SentNote): void {
    note.session.sent--;
    const record = this.#owner.record(note);
    record.point = note.point;
    record.packetId = note.sent.packetId;
    this.#messages.add(record.message);
    this.#deliveries.add(record);
  }

  /** Who waits for the next commit waits for this batch. */
  #lasts(): void {
    this.point.lastBatch = this.number;
  }
}

/** Returns 1 for a new delivery of QoS 1 that has been sent. (One of QoS 2 is sent only after its commit.) */
function unacknowledged({ place, packetId, delivery }: DeliveryRecord): 0 | 1 {
  return place === "gathered" && packetId > 0 && delivery.qos === 1 ? 1 : 0;
}

function isInFlight({ packetId }: DeliveryRecord): boolean {
  return packetId > 0;
}

function receivedRow({ sessionId, packetId }: ReceivedRecord): ReceivedRow {
  return [sessionId, packetId];
}
