import type { LogPort, RetainedMessage, StoredRetained } from "../broker/mod.ts";
import type { BackupContent } from "./backup.ts";
import { Batch, type BatchOwner } from "./batch.ts";
import { CommitPoint } from "./commit_point.ts";
import type { StoreClock } from "./store_clock.ts";
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

/** A commit that somebody awaits. */
interface Awaited {
  readonly point: CommitPoint;
  readonly sinceMs: number;
  readonly done: () => void;
}

/**
 * Gathers the writes of many commits and hands them to the Worker together. While it writes one batch, the next one gathers, so a slow
 * disk makes batches larger, and nothing else slower.
 *
 * A commit is done when all before it are and nothing of it is left to write. So where receivers acknowledge within {@linkcode HOLD_MS},
 * publishers wait for them and not for the disk, and nothing is written.
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
  readonly #clock: StoreClock;
  readonly #writer: WriterLink;
  /** In the order of the calls. */
  readonly #awaited: Awaited[] = [];
  /** The number of the last batch that is written, and of that which the Worker has; 0: none. */
  #writtenBatch = 0;
  #writingBatch = 0;
  #isFinishing = false;
  #closed: PromiseWithResolvers<void> | undefined;
  /** Since when something gathers whose commit nobody awaits. */
  #lazySinceMs: number | undefined;
  #stopHolding: (() => void) | undefined;
  #holdUntilMs = Infinity;

  constructor(init: WriterInit, clock: StoreClock, log: LogPort, owner?: BatchOwner) {
    this.batch = new Batch(owner);
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

  /** Makes durable what has gathered; then calls `done`, at once where nothing is left to write, and in the order of the calls. */
  commit(done?: () => void): void {
    if (done !== undefined) {
      const { point } = this.batch;
      this.#awaited.push({ point, sinceMs: this.#clock.now(), done });
      this.batch.point = new CommitPoint(point.order + 1);
    } else this.#lazySinceMs ??= this.#clock.now();
    this.#next();
  }

  /** Reads of what is committed; `done` gets rows as `packQueue` packs them. */
  read(
    query: QueueRead,
    done: (rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number) => void,
  ): void {
    this.#writer.read(query, done);
  }

  /** Reads retained messages that are committed. */
  readRetained(
    topicNames: readonly string[],
    done: (messages: readonly (StoredRetained | undefined)[]) => void,
  ): void {
    this.#writer.readRetained(topicNames, done);
  }

  /** Writes what has gathered, if it can be written, and ends the Worker. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.isFailing) this.#writer.close();
      else this.#next();
    }
    return this.#closed.promise;
  }

  /** Tells those whose commit is done, and hands the batch to the Worker when it is time to. */
  #next(): void {
    // Commits that a caller causes come after those that are done now.
    if (this.#isFinishing) return;
    this.#finish();
    if (this.#writingBatch > this.#writtenBatch) return;
    // A position alone is not worth a write before the end: then the next process has to read less of the log again.
    if (this.batch.isEmpty && (this.#closed === undefined || !this.batch.hasPosition)) {
      this.#lazySinceMs = undefined;
      if (this.#closed !== undefined) this.#writer.close();
    } else if (this.#closed !== undefined) this.#hand(Infinity);
    else if (!this.isPart && !this.#holdBack()) this.#hand(this.#lastOrder());
  }

  #finish(): void {
    this.#isFinishing = true;
    while (this.#awaited.length > 0 && this.#isDone(this.#awaited[0]!.point)) {
      this.#awaited.shift()!.done();
    }
    this.#isFinishing = false;
  }

  #isDone({ gathered, lastBatch }: CommitPoint): boolean {
    return gathered === 0 &&
      (lastBatch <= this.#writtenBatch || lastBatch === this.batch.number && this.batch.isEmpty);
  }

  /** Hands over what gathers, but of what may be acknowledged soon no more than what belongs to the points up to `lastOrder`. */
  #hand(lastOrder: number): void {
    const batch = this.batch;
    this.batch = batch.next(lastOrder);
    if (this.batch.isEmpty) this.#lazySinceMs = undefined;
    this.#writingBatch = batch.number;
    this.#write(batch);
  }

  /** Hands over as much of the batch as fits into one part. */
  #write(batch: Batch): void {
    const rows = batch.takeRows();
    this.#retained = batch.takenRetained;
    this.#leaving = batch.isEmpty ? undefined : batch;
    this.#writer.write(rows);
  }

  /** Whether it is too early to write: nobody waits, or a connected receiver will acknowledge sooner than the disk could write. */
  #holdBack(): boolean {
    const nowMs = this.#clock.now();
    const untilMs = Math.min(this.#awaitedUntilMs(), this.#lazyUntilMs(nowMs));
    const leftMs = untilMs - nowMs;
    if (leftMs <= 0) return false;
    if (untilMs >= this.#holdUntilMs) return true;
    this.#stopHolding?.();
    this.#holdUntilMs = untilMs;
    this.#stopHolding = this.#clock.after(leftMs, () => {
      this.#holdUntilMs = Infinity;
      this.#next();
    });
    return true;
  }

  #awaitedUntilMs(): number {
    if (this.#awaited.length === 0) return Infinity;
    return this.batch.mayShrink ? this.#awaited[0]!.sinceMs + HOLD_MS : 0;
  }

  #lazyUntilMs(nowMs: number): number {
    const { lastingRows } = this.batch;
    if (lastingRows >= LAZY_ROWS) return 0;
    if (lastingRows > 0 || this.#awaited.length === 0) this.#lazySinceMs ??= nowMs;
    return (this.#lazySinceMs ?? Infinity) + LAZY_MS;
  }

  /** The last point that has been awaited long enough: what belongs to later ones may be acknowledged soon. */
  #lastOrder(): number {
    const nowMs = this.#clock.now();
    // A position says that all before it is written.
    if (this.batch.hasPosition || nowMs >= (this.#lazySinceMs ?? Infinity) + LAZY_MS) {
      return Infinity;
    }
    const isLong = ({ sinceMs }: Awaited) => sinceMs + HOLD_MS <= nowMs;
    return this.#awaited.findLast(isLong)?.point.order ?? 0;
  }

  #committed(): void {
    for (const message of this.#retained) message.wasStored?.();
    this.#retained = [];
    if (this.#leaving !== undefined) return this.#write(this.#leaving);
    this.#writtenBatch = this.#writingBatch;
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
