import { Gathered } from "./gathered.ts";
import { GatheredRetained } from "./gathered_retained.ts";
import { type FlightPut, packFlight } from "./packed_flight.ts";
import { packRetained } from "./packed_retained.ts";
import type { DeliveryRecord, MessageRecord, ReceivedRecord, SessionRecord } from "./records.ts";
import {
  type MessageRow,
  messageRow,
  type QueueRow,
  type SessionRow,
  type SubscriptionRow,
  type WaitingRow,
  waitingRow,
  type WillRow,
} from "./rows.ts";

/** What one commit writes, as plain rows: it travels to the Worker as it is. */
export interface BatchRows {
  readonly deletedSessions: readonly number[];
  /** Of these: those of which the file may have more that waits than is deleted here. */
  readonly endedSessions: readonly number[];
  readonly sessions: readonly SessionRow[];
  readonly deletedSubscriptions: readonly SubscriptionKey[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly messages: readonly MessageRow[];
  readonly waiting: readonly WaitingRow[];
  /** Deliveries in flight, as {@linkcode packFlight} packs them. */
  readonly flight: Uint8Array<ArrayBuffer>;
  readonly deletedWaiting: readonly WaitingKey[];
  readonly deletedMessages: readonly number[];
  /** Those of which other deliveries may be in the file: they go if there is none. */
  readonly releasedMessages: readonly number[];
  readonly queues: readonly QueueRow[];
  readonly deletedReceived: readonly ReceivedRow[];
  readonly received: readonly ReceivedRow[];
  readonly deletedRetained: readonly string[];
  /** Rows as {@linkcode packRetained} packs them. */
  readonly retained: Uint8Array<ArrayBuffer>;
  readonly deletedWills: readonly number[];
  readonly wills: readonly WillRow[];
  /** How far a cluster's log has been applied; `null`: as before. */
  readonly position: string | null;
}

/** `[session, filter]` */
export type SubscriptionKey = readonly [sessionId: number, topicFilter: string];
/** `[session, sequence]` */
export type WaitingKey = readonly [sessionId: number, sequence: number];
/** `[session, packet id]` */
export type ReceivedRow = readonly [sessionId: number, packetId: number];

/**
 * Retained messages of one commit, at most: a million of them are handed over piece by piece, of which each takes some milliseconds to
 * encode, and others have their turn between.
 */
const RETAINED_ROWS = 2000;

/** A message that is in flight and has no more than this is written with its delivery: a larger one has a row of its own, bytes. */
const WHOLE_BYTES = 8192;
/** Positions after which the last is written though there is nothing else to write. */
const POSITION_EVERY = 1000;

/** What is new of one session; `null`: deleted. */
interface SessionChange {
  readonly session: SessionRecord;
  row: SessionRow | undefined;
  readonly subscriptions: Map<string, SubscriptionRow | null>;
  will: WillRow | null | undefined;
}

/**
 * The writes of one commit while they gather. What is undone before it was written leaves the batch: a message that is stored
 * and acknowledged by all its receivers while another commit runs never reaches the disk.
 */
export class Batch {
  /** How far a cluster's log has been applied with what is here; `null`: as before. */
  #position: string | null = null;
  #positions = 0;
  /** The retained messages. */
  readonly retained = new GatheredRetained();
  readonly #forget: (record: DeliveryRecord) => void;
  readonly #deletedSessions: number[] = [];
  readonly #endedSessions: number[] = [];
  /** By id: in the order in which the sessions came. */
  readonly #sessions = new Map<number, SessionChange>();
  readonly #messages = new Gathered<MessageRecord>();
  readonly #deletedMessages: number[] = [];
  readonly #releasedMessages: number[] = [];
  readonly #deliveries = new Gathered<DeliveryRecord>();
  #changedDeliveries: DeliveryRecord[] = [];
  /** Of the new deliveries. */
  #unacknowledged = 0;
  readonly #deletedDeliveries: number[] = [];
  readonly #deletedWaiting: WaitingKey[] = [];
  #changedQueues: SessionRecord[] = [];
  readonly #received = new Gathered<ReceivedRecord>();
  readonly #deletedReceived: ReceivedRow[] = [];

  /** `forget`: told of each delivery that nobody needs in memory any more. */
  constructor(forget: (record: DeliveryRecord) => void = () => {}) {
    this.#forget = forget;
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.rows + this.retained.size === 0 && this.#positions < POSITION_EVERY;
  }

  /** Rows to be written, more or less: of all but retained messages. */
  get rows(): number {
    return this.#messages.size + this.#deliveries.size + this.#received.size +
      this.#changedDeliveries.length + this.#deletedDeliveries.length +
      this.#deletedWaiting.length + this.#deletedMessages.length + this.#releasedMessages.length +
      this.#deletedReceived.length + this.#deletedSessions.length +
      this.#sessions.size;
  }

  /** Whether some of it may be undone in a moment: QoS 1 messages have left that nobody has acknowledged yet. */
  get mayShrink(): boolean {
    return this.#unacknowledged > 0;
  }

  /** It is written with the rest, and alone where it has not been for long: a restart reads again what comes after it. */
  putPosition(position: string): void {
    this.#position = position;
    this.#positions++;
  }

  putSession(session: SessionRecord, row: SessionRow): void {
    this.#changeOf(session).row = row;
  }

  /** Its deliveries and Packet Identifiers must have been deleted before. */
  deleteSession(session: SessionRecord): void {
    this.#sessions.delete(session.id);
    session.isDeleted = true;
    if (!session.isWritten) return;
    this.#deletedSessions.push(session.id);
    if (session.hasApart) this.#endedSessions.push(session.id);
  }

  putSubscription(session: SessionRecord, row: SubscriptionRow): void {
    this.#changeOf(session).subscriptions.set(row[1], row);
  }

  deleteSubscription(session: SessionRecord, topicFilter: string): void {
    this.#changeOf(session).subscriptions.set(topicFilter, null);
  }

  putWill(session: SessionRecord, row: WillRow): void {
    this.#changeOf(session).will = row;
  }

  deleteWill(session: SessionRecord): void {
    this.#changeOf(session).will = null;
  }

  /** What waits for it is more or less than before. */
  changeQueue(session: SessionRecord): void {
    if (session.isQueueChanged) return;
    session.isQueueChanged = true;
    this.#changedQueues.push(session);
  }

  /** It is encoded when the batch is written: a message that leaves it before never is. */
  putMessage(record: MessageRecord): void {
    this.#messages.add(record);
  }

  deleteMessage(record: MessageRecord): void {
    if (!this.#messages.delete(record)) return;
    if (record.isShared) this.#releasedMessages.push(record.id);
    else this.#deletedMessages.push(record.id);
  }

  putDelivery(record: DeliveryRecord): void {
    this.#deliveries.add(record);
  }

  /** The record is in flight, under this Packet Identifier and in this state. */
  changeDelivery(record: DeliveryRecord, packetId: number, releaseOrder: number): void {
    this.#unacknowledged -= unacknowledged(record);
    record.packetId = packetId;
    record.releaseOrder = releaseOrder;
    this.#unacknowledged += unacknowledged(record);
    if (record.place !== "written" || record.isChanged) return;
    record.isChanged = true;
    this.#changedDeliveries.push(record);
  }

  deleteDelivery(record: DeliveryRecord): void {
    this.#unacknowledged -= unacknowledged(record);
    if (!this.#deliveries.delete(record)) return;
    const { delivery: { sequence }, session } = record;
    if (record.isWaiting) this.#deletedWaiting.push([session.id, sequence]);
    else this.#deletedDeliveries.push(sequence);
  }

  putReceived(record: ReceivedRecord): void {
    this.#received.add(record);
  }

  deleteReceived(record: ReceivedRecord): void {
    if (!this.#received.delete(record)) return;
    this.#deletedReceived.push([record.sessionId, record.packetId]);
  }

  /**
   * The rows, to be written in the order of `BatchRows`: all but retained messages beyond those that go at once. While the batch
   * is not empty after it there is more to take, and nothing may be added.
   */
  takeRows(): BatchRows {
    const changes = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { session } of changes) session.isWritten = true;
    const subscriptions = changes.flatMap(({ session, subscriptions }) =>
      [...subscriptions].map(([topicFilter, row]) => ({ key: [session.id, topicFilter], row }))
    ) as { key: SubscriptionKey; row: SubscriptionRow | null }[];
    const { moved, changed, added } = this.#takeDeliveries();
    const sent = added.filter(isInFlight).map((delivery) => this.#withMessage(delivery));
    const { put, deleted } = this.retained.take(RETAINED_ROWS);
    // The last part of a large batch has it: before, not all is there that it stands for.
    const position = this.retained.size === 0 ? this.#position : null;
    this.#positions = 0;
    return {
      deletedSessions: this.#deletedSessions.splice(0),
      endedSessions: this.#endedSessions.splice(0),
      sessions: changes.flatMap(({ row }) => row === undefined ? [] : [row]),
      deletedSubscriptions: subscriptions.flatMap(({ key, row }) => row === null ? [key] : []),
      subscriptions: subscriptions.flatMap(({ row }) => row === null ? [] : [row]),
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
      deletedWills: changes.flatMap(({ session, will }) => will === null ? [session.id] : []),
      wills: changes.flatMap(({ will }) => will ? [will] : []),
      position,
    };
  }

  /** New ones, those whose row is out of date, and those that have waited and are in flight now: these move. */
  #takeDeliveries() {
    // Before those that are new in this batch count as written: their rows are right anyway.
    const written = this.#changedDeliveries.filter(({ place }) => place === "written");
    for (const record of this.#changedDeliveries) record.isChanged = false;
    this.#changedDeliveries = [];
    const moved = written.filter(({ isWaiting }) => isWaiting);
    const changed = written.filter(({ isWaiting }) => !isWaiting);
    for (const record of moved) {
      record.isWaiting = false;
      this.#deletedWaiting.push([record.session.id, record.delivery.sequence]);
    }
    const added = this.#deliveries.take((record) => record);
    for (const record of added) {
      record.isWaiting = !isInFlight(record);
      if (record.isApart) this.#forget(record);
    }
    return { moved, changed, added };
  }

  /** Its message goes along where nobody else has it, nor ever will: one with a row of its own belongs to no other any more. */
  #withMessage(delivery: DeliveryRecord): FlightPut {
    const { message } = delivery;
    const isWhole = message.place === "gathered" && !message.isShared &&
      message.message.payload.length <= WHOLE_BYTES;
    if (isWhole) this.#messages.takeOne(message);
    return { delivery, isWhole };
  }

  /** How much waits where something does, or did as far as the file knows. */
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

  #changeOf(session: SessionRecord): SessionChange {
    let change = this.#sessions.get(session.id);
    if (change === undefined) {
      change = {
        session,
        row: undefined,
        subscriptions: new Map(),
        will: undefined,
      };
      this.#sessions.set(session.id, change);
    }
    return change;
  }
}

/** 1 for a new delivery of QoS 1 that has been sent; one of QoS 2 leaves only after its commit. */
function unacknowledged({ place, packetId, delivery }: DeliveryRecord): 0 | 1 {
  return place === "gathered" && packetId > 0 && delivery.qos === 1 ? 1 : 0;
}

function isInFlight({ packetId }: DeliveryRecord): boolean {
  return packetId > 0;
}

function receivedRow({ sessionId, packetId }: ReceivedRecord): ReceivedRow {
  return [sessionId, packetId];
}
