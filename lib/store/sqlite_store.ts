import type {
  Delivery,
  InFlight,
  KeptMessage,
  LogPort,
  Store,
  StoredWill,
  Subscription,
} from "../broker/mod.ts";
import { Batch } from "./batch.ts";
import { deliveryRow, messagePacket, subscriptionRow, toEndless, willPacket } from "./rows.ts";
import type { CommitAnswer, WriterInit } from "./sqlite_writer.ts";

/** When to try again after a commit has failed, milliseconds. */
const RETRY_MS = 1000;

/** How much the store has written, for whoever counts what flash memory endures. */
export interface StoreStats {
  /** Commits that wrote something. */
  readonly commits: number;
  /** Bytes written to the log file and the database file. */
  readonly writtenBytes: number;
  /** Times that the operating system was asked to bring them to the disk. */
  readonly fsyncs: number;
  /** Commits that failed and were tried again. */
  readonly failures: number;
}

/** What a store begins with. */
export interface SqliteStoreInit {
  /** Where the database is, and how surely a commit is to be on the disk. */
  readonly writer: WriterInit;
  /** As loaded: the ids that are taken. */
  readonly sessionIds: ReadonlyMap<string, number>;
  /** As loaded; read once. */
  readonly deliveries: Iterable<
    readonly [clientId: string, sequence: number, messageId: number]
  >;
  /** Greater than every one that is taken. */
  readonly nextSessionId: number;
  /** Greater than every one that is taken. */
  readonly nextMessageId: number;
  /** Told when writes fail, and when they work again. */
  readonly log: LogPort;
}

/**
 * The durable store: gathers writes, and hands them to a Worker that commits them together, so that a slow disk stalls nothing but
 * the acknowledgements that need it. While one commit runs the next batch gathers.
 */
export class SqliteStore implements Store {
  writes = 0;
  isFailing = false;
  readonly #worker: Worker;
  readonly #log: LogPort;
  readonly #sessionIds: Map<string, number>;
  readonly #storedSessions: Set<number>;
  /** Deliveries by session, and the message of each. */
  readonly #deliveries = new Map<string, Map<number, number>>();
  /** Deliveries that share a message; with the last the message goes. */
  readonly #references = new Map<number, number>();
  #nextSessionId: number;
  #nextMessageId: number;
  #batch = new Batch();
  #waiting: (() => void)[] = [];
  /** Those whose writes are with the Worker; `undefined`: it has nothing to do. */
  #committing: (() => void)[] | undefined;
  #stats: StoreStats = { commits: 0, writtenBytes: 0, fsyncs: 0, failures: 0 };
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  /** Starts the Worker. {@linkcode openStore} is the way to one that begins with what is on the disk. */
  constructor(init: SqliteStoreInit) {
    this.#log = init.log;
    this.#sessionIds = new Map(init.sessionIds);
    this.#storedSessions = new Set(init.sessionIds.values());
    this.#nextSessionId = init.nextSessionId;
    this.#nextMessageId = init.nextMessageId;
    for (const [clientId, sequence, messageId] of init.deliveries) {
      this.#refer(clientId, sequence, messageId);
    }
    this.#worker = new Worker(new URL("./sqlite_writer.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<CommitAnswer>) => this.#answered(data);
    this.#worker.onerror = (event) => {
      // A fault of ours in the Worker: nothing more can be promised.
      throw new Error(`The store's Worker failed: ${event.message}`);
    };
    this.#worker.postMessage(init.writer);
  }

  /** What was written so far. */
  get stats(): StoreStats {
    return this.#stats;
  }

  commit(done: () => void): void {
    this.#waiting.push(done);
    if (this.#committing === undefined) this.#next();
  }

  /** Writes what has gathered and ends the Worker. */
  async close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.#committing === undefined) this.#next();
    }
    await this.#closed.promise;
  }

  putSession(clientId: string, expirySeconds: number, expiresAtMs: number): void {
    this.writes++;
    let id = this.#sessionIds.get(clientId);
    if (id === undefined) this.#sessionIds.set(clientId, id = this.#nextSessionId++);
    this.#batch.putSession([id, clientId, toEndless(expirySeconds), toEndless(expiresAtMs)]);
  }

  deleteSession(clientId: string): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#sessionIds.delete(clientId);
    this.#batch.deleteSession(id, this.#storedSessions.delete(id));
    for (const sequence of this.#deliveries.get(clientId)?.keys() ?? []) {
      this.#release(clientId, sequence);
    }
    this.#deliveries.delete(clientId);
  }

  putSubscription(clientId: string, subscription: Subscription): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.putSubscription(subscriptionRow(id, subscription));
  }

  deleteSubscription(clientId: string, topicFilter: string): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.deleteSubscription(id, topicFilter);
  }

  putDelivery(clientId: string, delivery: Delivery): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    const { message } = delivery;
    // A message whose last delivery is gone may come again: its row is gone too.
    if (message.storeId === 0 || !this.#references.has(message.storeId)) {
      message.storeId = this.#nextMessageId++;
      const { storeId, publisherId, expiresAtMs } = message;
      this.#batch.putMessage(
        storeId,
        () => [storeId, messagePacket(message), publisherId, toEndless(expiresAtMs)],
      );
    }
    this.#refer(clientId, delivery.sequence, message.storeId);
    this.#batch.putDelivery(deliveryRow(id, delivery));
  }

  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
  ): void {
    if (!this.#sessionIds.has(clientId)) return;
    this.writes++;
    this.#batch.putInFlight(sequence, packetId, state === "released" ? 1 : 0);
  }

  deleteDelivery(clientId: string, delivery: Delivery): void {
    if (this.#deliveries.get(clientId)?.has(delivery.sequence) !== true) return;
    this.writes++;
    this.#release(clientId, delivery.sequence);
  }

  putReceived(clientId: string, packetId: number): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.putReceived(id, packetId);
  }

  deleteReceived(clientId: string, packetId: number): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.deleteReceived(id, packetId);
  }

  putRetained(message: KeptMessage): void {
    this.writes++;
    const { topicName, publisherId, expiresAtMs } = message;
    this.#batch.putRetained(
      topicName,
      () => [topicName, messagePacket(message), publisherId, toEndless(expiresAtMs)],
    );
  }

  deleteRetained(topicName: string): void {
    this.writes++;
    this.#batch.deleteRetained(topicName);
  }

  putWill(clientId: string, will: StoredWill): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.putWill([id, willPacket(will), will.dueAtMs]);
  }

  deleteWill(clientId: string): void {
    const id = this.#sessionIds.get(clientId);
    if (id === undefined) return;
    this.writes++;
    this.#batch.deleteWill(id);
  }

  #refer(clientId: string, sequence: number, messageId: number): void {
    let deliveries = this.#deliveries.get(clientId);
    if (deliveries === undefined) this.#deliveries.set(clientId, deliveries = new Map());
    deliveries.set(sequence, messageId);
    this.#references.set(messageId, (this.#references.get(messageId) ?? 0) + 1);
  }

  #release(clientId: string, sequence: number): void {
    const deliveries = this.#deliveries.get(clientId)!;
    const messageId = deliveries.get(sequence)!;
    deliveries.delete(sequence);
    this.#batch.deleteDelivery(sequence);
    const left = this.#references.get(messageId)! - 1;
    if (left > 0) return void this.#references.set(messageId, left);
    this.#references.delete(messageId);
    this.#batch.deleteMessage(messageId);
  }

  /** Hands the batch that has gathered to the Worker; where all in it cancelled out nothing has to be written. */
  #next(): void {
    while (this.#batch.isEmpty && this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const done of waiting) done();
    }
    if (this.#batch.isEmpty) {
      if (this.#closed !== undefined) this.#worker.postMessage("close");
      return;
    }
    if (this.#waiting.length === 0 && this.#closed === undefined) return;
    this.#committing = this.#waiting;
    this.#waiting = [];
    const rows = this.#batch.rows();
    this.#batch = new Batch();
    for (const [id] of rows.sessions) this.#storedSessions.add(id);
    this.#worker.postMessage(rows);
  }

  #answered(answer: CommitAnswer): void {
    if (answer.type === "closed") {
      this.#worker.terminate();
      clearTimeout(this.#retryTimer);
      return this.#closed?.resolve();
    }
    const { commits, writtenBytes, fsyncs, failures } = this.#stats;
    if (answer.type === "failed") {
      this.#stats = { ...this.#stats, failures: failures + 1 };
      if (!this.isFailing) {
        this.#log.error("Cannot write to the store: QoS 1 and 2 are refused until it can", {
          reason: answer.reason,
        });
      }
      this.isFailing = true;
      // The Worker keeps the rows: it is asked to try again, until there is space, or the process ends.
      if (this.#closed !== undefined) return void this.#worker.postMessage("close");
      this.#retryTimer = setTimeout(() => this.#worker.postMessage("retry"), RETRY_MS);
      return;
    }
    if (this.isFailing) this.#log.warning("The store can be written again");
    this.isFailing = false;
    this.#stats = {
      commits: commits + 1,
      writtenBytes: writtenBytes + answer.writtenBytes,
      fsyncs: fsyncs + answer.fsyncs,
      failures,
    };
    const committed = this.#committing ?? [];
    this.#committing = undefined;
    for (const done of committed) done();
    if (this.#committing === undefined) this.#next();
  }
}
