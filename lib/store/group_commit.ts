import type { LogPort, RetainedMessage } from "../broker/mod.ts";
import type { BackupContent } from "./backup.ts";
import { Batch } from "./batch.ts";
import type { DeliveryRecord } from "./records.ts";
import type { StoreClock } from "./store_clock.ts";
import type { ReadPayload } from "./retained_reader.ts";
import type { QueueRead, WriterInit } from "./writer_protocol.ts";
import { type StoreStats, WriterLink } from "./writer_link.ts";

/**
 * How long, in milliseconds, a batch with QoS 1 messages that have just been sent waits for their acknowledgements: what is acknowledged
 * by then is never written nor deleted. An acknowledgement to a publisher is delayed by this time at most.
 */
const HOLD_MS = 5;
/**
 * How long, in milliseconds, writes wait whose commit nobody awaits, such as a retained message of QoS 0, or what a client has
 * acknowledged. Of values that change often only the last is written, there are fewer commits for a flash memory, and in a burst the
 * processor is free for the messages.
 */
const LAZY_MS = 1000;
/**
 * The number of rows, not counting retained messages, after which such writes wait no longer. What was acknowledged but is not written is
 * sent again after a crash, and this limits how much. Retained messages are not sent again.
 */
const LAZY_ROWS = 1000;

/**
 * Gathers the writes of many commits and hands them to the Worker together. While it writes one batch, the next one gathers, so a slow
 * disk makes batches larger, and nothing else slower.
 */
export class GroupCommit {
  /** The batch that gathers: the writes that the next commit makes durable. */
  batch: Batch;
  /** The batch is part of something that must be written as a whole: it waits until the caller that has set this calls `commit`. */
  isPart = false;
  /** A large batch of which the Worker has a part. */
  #leaving: Batch | undefined;
  /** The retained messages that the Worker has. */
  #retained: readonly RetainedMessage[] = [];
  readonly #newBatch: () => Batch;
  readonly #clock: StoreClock;
  readonly #writer: WriterLink;
  #waiting: (() => void)[] = [];
  /** The callers whose writes the Worker has; `undefined`: it has nothing to do. */
  #committing: (() => void)[] | undefined;
  #closed: PromiseWithResolvers<void> | undefined;
  /** Since when a commit of the batch that gathers has been asked for, and since when somebody waits for it. */
  #gatheredSinceMs: number | undefined;
  #awaitedSinceMs: number | undefined;
  #stopHolding: (() => void) | undefined;
  #holdUntilMs = Infinity;

  /** `forget`: see `Batch`. */
  constructor(
    init: WriterInit,
    clock: StoreClock,
    log: LogPort,
    forget?: (record: DeliveryRecord) => void,
  ) {
    this.#newBatch = () => new Batch(forget);
    this.batch = this.#newBatch();
    this.#clock = clock;
    this.#writer = new WriterLink(init, clock, log, {
      committed: () => this.#committed(),
      failed: () => this.#failed(),
      closed: () => this.#ended(),
    });
  }

  /** Nothing can be written at present. */
  get isFailing(): boolean {
    return this.#writer.isFailing;
  }

  /** The database has grown to its limit. */
  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** The database has grown to half of its limit. */
  get isHalfFull(): boolean {
    return this.#writer.isHalfFull;
  }

  /** For how many milliseconds the disk has not answered; 0: it has answered all. */
  get unansweredMs(): number {
    return this.#writer.unansweredMs;
  }

  /** How much was written so far. */
  get stats(): StoreStats {
    return this.#writer.stats;
  }

  /** Starts the Worker before there is something to write. */
  begin(): void {
    this.#writer.begin();
  }

  /** Has a backup made. */
  backUp(path: string): Promise<BackupContent> {
    return this.#writer.backUp(path);
  }

  /** Makes durable what has gathered; then calls `done`, at once where there is nothing to write, and in the order of the calls. */
  commit(done?: () => void): void {
    if (done !== undefined) {
      this.#waiting.push(done);
      this.#awaitedSinceMs ??= this.#clock.now();
    } else this.#gatheredSinceMs ??= this.#clock.now();
    if (this.#committing === undefined) this.#next();
  }

  /** Reads of what is committed; `done` gets rows as `packQueue` packs them. */
  read(
    query: QueueRead,
    done: (rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number) => void,
  ): void {
    this.#writer.read(query, done);
  }

  /** Reads payloads of retained messages that are committed. */
  readRetained(
    topicNames: readonly string[],
    done: (payloads: readonly ReadPayload[]) => void,
  ): void {
    this.#writer.readRetained(topicNames, done);
  }

  /** Writes what has gathered, if it can be written, and ends the Worker. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.isFailing) this.#writer.close();
      else if (this.#committing === undefined) this.#next();
    }
    return this.#closed.promise;
  }

  /**
   * Hands the batch to the Worker when it is time to. Where all of its writes have undone each other there is nothing to wait for.
   */
  #next(): void {
    if (this.#leaving !== undefined) return this.#write(this.#leaving);
    while (this.batch.isEmpty) {
      this.#gatheredSinceMs = this.#awaitedSinceMs = undefined;
      if (this.#waiting.length === 0) {
        if (this.#closed !== undefined) this.#writer.close();
        return;
      }
      this.#finish(this.#takeWaiting());
    }
    if (this.#closed === undefined && (this.isPart || this.#holdBack())) return;
    const batch = this.batch;
    this.batch = this.#newBatch();
    this.#gatheredSinceMs = this.#awaitedSinceMs = undefined;
    this.#committing = this.#takeWaiting();
    this.#write(batch);
  }

  /** Hands over as much of the batch as fits into one part. Callers wait until all parts are written. */
  #write(batch: Batch): void {
    const rows = batch.takeRows();
    this.#retained = batch.takenRetained;
    this.#leaving = batch.isEmpty ? undefined : batch;
    this.#writer.write(rows);
  }

  /** Whether it is too early to write: nobody waits, or a connected receiver will acknowledge sooner than the disk could write. */
  #holdBack(): boolean {
    const untilMs = this.#awaitedSinceMs === undefined
      ? this.batch.rows >= LAZY_ROWS ? 0 : (this.#gatheredSinceMs ?? 0) + LAZY_MS
      : this.batch.mayShrink
      ? this.#awaitedSinceMs + HOLD_MS
      : 0;
    const leftMs = untilMs - this.#clock.now();
    if (leftMs <= 0) return false;
    if (untilMs >= this.#holdUntilMs) return true;
    this.#stopHolding?.();
    this.#holdUntilMs = untilMs;
    this.#stopHolding = this.#clock.after(leftMs, () => {
      this.#holdUntilMs = Infinity;
      if (this.#committing === undefined) this.#next();
    });
    return true;
  }

  #takeWaiting(): (() => void)[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** Calls the callers in the order of their commits; commits that they cause come after these. */
  #finish(commits: (() => void)[]): void {
    this.#committing = commits;
    for (const done of commits) done();
    this.#committing = undefined;
  }

  #committed(): void {
    for (const message of this.#retained) message.wasStored?.();
    this.#retained = [];
    if (this.#leaving === undefined) this.#finish(this.#committing!);
    this.#next();
  }

  #failed(): void {
    if (this.#closed !== undefined) this.#writer.close();
  }

  #ended(): void {
    this.#stopHolding?.();
    this.#closed?.resolve();
  }
}
