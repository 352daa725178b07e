import type {
  DeliveryRow,
  MessageRow,
  RetainedRow,
  SessionRow,
  SubscriptionRow,
  WillRow,
} from "./rows.ts";

/** What one commit writes, as plain rows: it travels to the Worker as it is. */
export interface BatchRows {
  readonly deletedSessions: readonly number[];
  readonly sessions: readonly SessionRow[];
  readonly deletedSubscriptions: readonly (readonly [sessionId: number, topicFilter: string])[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly messages: readonly MessageRow[];
  readonly deletedMessages: readonly number[];
  readonly deliveries: readonly DeliveryRow[];
  readonly inFlight: readonly InFlightRow[];
  readonly deletedDeliveries: readonly number[];
  readonly received: readonly (readonly [sessionId: number, packetId: number])[];
  readonly deletedReceived: readonly (readonly [sessionId: number, packetId: number])[];
  readonly retained: readonly RetainedRow[];
  readonly deletedRetained: readonly string[];
  readonly wills: readonly WillRow[];
  readonly deletedWills: readonly number[];
}

/** `[packet id, 1 when released, sequence]` */
export type InFlightRow = [packetId: number, isReleased: number, sequence: number];

/** A Packet Identifier is used again and again: whether the file may have it tells whether a deletion must be written. */
type ReceivedChange = "put" | "put again" | "deleted";

/**
 * The writes of one commit while they gather. What is undone before it was written leaves the batch: a message that is stored
 * and acknowledged by all its receivers while another commit runs never reaches the disk.
 */
export class Batch {
  readonly #deletedSessions = new Set<number>();
  readonly #sessions = new Map<number, SessionRow>();
  readonly #subscriptions = new Map<string, SubscriptionRow | [number, string]>();
  readonly #messages = new Map<number, () => MessageRow>();
  readonly #deletedMessages: number[] = [];
  readonly #deliveries = new Map<number, DeliveryRow>();
  readonly #inFlight = new Map<number, InFlightRow>();
  readonly #deletedDeliveries: number[] = [];
  readonly #received = new Map<number, ReceivedChange>();
  readonly #retained = new Map<string, (() => RetainedRow) | null>();
  readonly #wills = new Map<number, WillRow | null>();

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#deletedSessions.size + this.#sessions.size + this.#subscriptions.size +
        this.#messages.size + this.#deletedMessages.length + this.#deliveries.size +
        this.#inFlight.size + this.#deletedDeliveries.length + this.#received.size +
        this.#retained.size + this.#wills.size === 0;
  }

  putSession(row: SessionRow): void {
    this.#sessions.set(row[0], row);
  }

  /** `isStored`: an earlier batch has it. Deliveries are deleted one by one, by who knows them. */
  deleteSession(id: number, isStored: boolean): void {
    this.#sessions.delete(id);
    for (const [key, row] of this.#subscriptions) {
      if (row[0] === id) this.#subscriptions.delete(key);
    }
    for (const key of this.#received.keys()) {
      if (Math.floor(key / 65_536) === id) this.#received.delete(key);
    }
    this.#wills.delete(id);
    if (isStored) this.#deletedSessions.add(id);
  }

  putSubscription(row: SubscriptionRow): void {
    this.#subscriptions.set(`${row[0]} ${row[1]}`, row);
  }

  deleteSubscription(sessionId: number, topicFilter: string): void {
    this.#subscriptions.set(`${sessionId} ${topicFilter}`, [sessionId, topicFilter]);
  }

  /** `row` is called when the batch is written: a message that leaves it before is never encoded. */
  putMessage(id: number, row: () => MessageRow): void {
    this.#messages.set(id, row);
  }

  deleteMessage(id: number): void {
    if (!this.#messages.delete(id)) this.#deletedMessages.push(id);
  }

  putDelivery(row: DeliveryRow): void {
    this.#deliveries.set(row[0], row);
  }

  putInFlight(sequence: number, packetId: number, isReleased: number): void {
    const row = this.#deliveries.get(sequence);
    if (row === undefined) this.#inFlight.set(sequence, [packetId, isReleased, sequence]);
    else {
      row[4] = packetId;
      row[5] = isReleased;
    }
  }

  deleteDelivery(sequence: number): void {
    this.#inFlight.delete(sequence);
    if (!this.#deliveries.delete(sequence)) this.#deletedDeliveries.push(sequence);
  }

  putReceived(sessionId: number, packetId: number): void {
    const key = sessionId * 65_536 + packetId;
    this.#received.set(key, this.#received.get(key) === "deleted" ? "put again" : "put");
  }

  deleteReceived(sessionId: number, packetId: number): void {
    const key = sessionId * 65_536 + packetId;
    if (this.#received.get(key) === "put") this.#received.delete(key);
    else this.#received.set(key, "deleted");
  }

  putRetained(topicName: string, row: () => RetainedRow): void {
    this.#retained.set(topicName, row);
  }

  deleteRetained(topicName: string): void {
    this.#retained.set(topicName, null);
  }

  putWill(row: WillRow): void {
    this.#wills.set(row[0], row);
  }

  deleteWill(sessionId: number): void {
    this.#wills.set(sessionId, null);
  }

  /** The rows, to be written in the order of `BatchRows`. */
  rows(): BatchRows {
    const subscriptions = [...this.#subscriptions.values()];
    const received = (isWanted: (change: ReceivedChange) => boolean) =>
      [...this.#received].filter(([, change]) => isWanted(change))
        .map(([key]) => [Math.floor(key / 65_536), key % 65_536] as const);
    return {
      deletedSessions: [...this.#deletedSessions],
      sessions: [...this.#sessions.values()],
      subscriptions: subscriptions.filter((row) => row.length === 4),
      deletedSubscriptions: subscriptions.filter((row) => row.length === 2),
      messages: [...this.#messages.values()].map((row) => row()),
      deletedMessages: this.#deletedMessages,
      deliveries: [...this.#deliveries.values()],
      inFlight: [...this.#inFlight.values()],
      deletedDeliveries: this.#deletedDeliveries,
      deletedReceived: received((change) => change !== "put"),
      received: received((change) => change !== "deleted"),
      retained: [...this.#retained.values()].filter((row) => row !== null).map((row) => row()),
      deletedRetained: [...this.#retained].filter(([, row]) => row === null).map(([topic]) =>
        topic
      ),
      wills: [...this.#wills.values()].filter((row) => row !== null),
      deletedWills: [...this.#wills].filter(([, row]) => row === null).map(([id]) => id),
    };
  }
}
