import { Distribution, type LogPort } from "../broker/mod.ts";
import type { BackupContent } from "./backup.ts";
import type { BatchRows } from "./batch.ts";
import { markDamaged } from "./store_files.ts";
import { SpareDescriptors } from "./spare_descriptors.ts";
import type { StoreClock } from "./store_clock.ts";
import type {
  BatchRequest,
  BeginRequest,
  QueueRead,
  ReadRequest,
  WriterAnswer,
  WriterInit,
  WriterRequest,
} from "./writer_protocol.ts";

/** When to try again after a commit has failed, milliseconds. */
const RETRY_MS = 1000;
/** Failures in a row after which it is said again. */
const REMINDER_FAILURES = 60;
/** How long the Worker may take for an answer before it is said, and nothing more is promised, milliseconds. */
const PATIENCE_MS = 10_000;
/** How long the Worker is waited for at most while it starts, milliseconds. */
const START_MS = 500;
/** A database that was full is not any more when no more than this part of it is in use. */
const ROOM_AGAIN = 0.9;

/** How much the store has written, for whoever counts what flash memory endures. */
export interface StoreStats {
  /** Commits that wrote something. */
  readonly commits: number;
  /** Bytes written to the log file and the database file, at most: a page that changes often is brought to the latter once. */
  readonly writtenBytes: number;
  /** Calls that waited until the disk had everything. */
  readonly fsyncs: number;
  /** Commits that failed and were tried again. */
  readonly failures: number;
  /** Bytes of the database that are in use. */
  readonly usedBytes: number;
  /** How long commits took, from the Worker's being asked to its answer, seconds. */
  readonly commitSeconds: Distribution;
}

/** Upper bounds of the buckets of commits, seconds. */
const COMMIT_BOUNDS = [
  ...[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
] as const;
/** Commits that quantiles are of. */
const COMMIT_WINDOW = 200;

/** What comes of a batch. */
export interface WriterEvents {
  /** The batch is in the file. */
  committed(): void;
  /** It could not be written, and will be tried again. */
  failed(): void;
  /** The Worker has ended. */
  closed(): void;
}

/** The way to the Worker that writes: one batch at a time, which it keeps until it is written. */
export class WriterLink {
  /** Nothing can be written at present. */
  isFailing = false;
  /** The database has grown to its limit. */
  #isAtLimit = false;
  /** The disk has no room but for what is deleted. */
  #isDiskFull = false;
  readonly #init: WriterInit;
  #maxBytes: number;
  #worker: Worker | undefined;
  readonly #log: LogPort;
  readonly #events: WriterEvents;
  #stats: StoreStats;
  #failuresInARow = 0;
  readonly #backups: PromiseWithResolvers<BackupContent>[] = [];
  #isClosing = false;
  /** When the Worker was given a batch that it has not answered; `undefined`: it has answered all. */
  #askedAtMs: number | undefined;
  #stopWaiting: (() => void) | undefined;
  #stopRetrying: (() => void) | undefined;
  readonly #clock: StoreClock;
  readonly #spare: SpareDescriptors;
  #lastRead = 0;
  readonly #reading = new Map<
    number,
    (rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number) => void
  >();

  constructor(init: WriterInit, clock: StoreClock, log: LogPort, events: WriterEvents) {
    this.#init = init;
    this.#maxBytes = init.maxBytes ?? 0;
    this.#spare = new SpareDescriptors(init.path);
    this.#clock = clock;
    this.#log = log;
    this.#events = events;
    const { usedBytes } = init;
    const commitSeconds = new Distribution(COMMIT_BOUNDS, COMMIT_WINDOW);
    this.#stats = { commits: 0, writtenBytes: 0, fsyncs: 0, failures: 0, usedBytes, commitSeconds };
    this.#measure(usedBytes);
  }

  /** There is no room: what makes the database smaller is written, and nothing else may come. */
  get isFull(): boolean {
    return this.#isAtLimit || this.#isDiskFull;
  }

  /** The database has grown to half of its limit, or more. */
  get isHalfFull(): boolean {
    return this.#maxBytes > 0 && 2 * this.#stats.usedBytes >= this.#maxBytes;
  }

  /** What was written so far. */
  get stats(): StoreStats {
    return this.#stats;
  }

  /** How long the Worker has owed an answer, milliseconds; 0: it owes none. That it cannot write is an answer too. */
  get unansweredMs(): number {
    return this.#askedAtMs === undefined ? 0 : this.#clock.now() - this.#askedAtMs;
  }

  /**
   * Starts the Worker, which otherwise the first batch does: that takes tens of milliseconds, in which nothing else happens.
   */
  begin(): void {
    if (!this.#isClosing) this.#started();
  }

  /** The batch before must have been committed. */
  write(rows: BatchRows): void {
    this.#ask({ rows, atMs: this.#clock.date() }, [rows.retained.buffer, rows.flight.buffer]);
  }

  /** Has a backup made, with all that is committed. What is to be written meanwhile waits. */
  backUp(path: string): Promise<BackupContent> {
    if (this.#isClosing) return Promise.reject(new Error("The store is closed"));
    const copied = Promise.withResolvers<BackupContent>();
    this.#backups.push(copied);
    this.#send({ backUpTo: path });
    return copied.promise;
  }

  /** Reads of what is committed. Should the disk not answer, `done` waits. */
  read(
    query: QueueRead,
    done: (rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number) => void,
  ): void {
    const id = ++this.#lastRead;
    this.#reading.set(id, done);
    this.#send({ read: query, id } satisfies ReadRequest);
  }

  /** Ends the Worker; what it could not write is lost. */
  close(): void {
    if (this.#isClosing) return;
    const isSilent = this.#worker === undefined || this.unansweredMs >= PATIENCE_MS;
    if (!isSilent) this.#send({ closeAtMs: this.#clock.date() });
    this.#isClosing = true;
    this.#stopRetrying?.();
    this.#stopWaiting?.();
    this.#spare.release();
    if (isSilent) this.#ended();
  }

  /** `moved`: what is the Worker's from then on. */
  #ask(request: BatchRequest | "retry", moved: Transferable[] = []): void {
    this.#askedAtMs = this.#clock.now();
    this.#stopWaiting ??= this.#clock.after(PATIENCE_MS, () => this.#lookForAnswer());
    this.#send(request, moved);
  }

  /** A disk that hangs, or a Worker that is gone: nobody can tell them apart, and with both nothing can be promised. */
  #lookForAnswer(): void {
    this.#stopWaiting = undefined;
    if (this.#askedAtMs === undefined) return;
    const leftMs = PATIENCE_MS - this.unansweredMs;
    if (leftMs > 0) {
      this.#stopWaiting = this.#clock.after(leftMs, () => this.#lookForAnswer());
    } else {
      this.#log.error("The store does not answer: QoS 1 and 2 are refused until it does", {
        seconds: Math.round(this.unansweredMs / 1000),
      });
      this.isFailing = true;
      this.#events.failed();
    }
  }

  #ended(): void {
    for (const copied of this.#backups.splice(0)) copied.reject(new Error("The store is closed"));
    this.#worker?.terminate();
    this.#events.closed();
  }

  /** Nothing is sent to a Worker that is to end. */
  #send(request: WriterRequest, moved: Transferable[] = []): void {
    if (!this.#isClosing) this.#started().postMessage(request, moved);
  }

  /**
   * The Worker, which begins with the first call. Where file descriptors are scarce nothing else happens until it has all its files
   * open: connections that come in could take theirs, and a Worker that cannot load is the end of the broker.
   */
  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const isScarce = this.#spare.areScarce();
    this.#spare.release();
    const worker = new Worker(new URL("./sqlite_writer.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<WriterAnswer>) => this.#answered(data);
    worker.onerror = (event) => {
      // What the Worker itself does not catch is a fault of ours: with nothing more to promise the process must end. What waits
      // for a commit is never released; the next process begins with what was committed.
      this.#log.error("The store's Worker failed: the broker ends", { reason: event.message });
      throw new Error(`The store's Worker failed: ${event.message}`);
    };
    const begun = new Int32Array(new SharedArrayBuffer(4));
    worker.postMessage({ ...this.#init, begun } satisfies BeginRequest);
    if (isScarce) Atomics.wait(begun, 0, 0, START_MS);
    return this.#worker = worker;
  }

  #answered(answer: WriterAnswer): void {
    const tookMs = this.unansweredMs;
    if (answer.type === "committed" || answer.type === "failed") this.#askedAtMs = undefined;
    switch (answer.type) {
      case "committed":
        return this.#committed(answer, tookMs);
      case "failed":
        return this.#failed(answer.reason);
      case "backup":
        return this.#copied(answer.content);
      case "page":
        return this.#read(answer.id, answer.rows, answer.nextExpiryMs);
      case "shrunk":
        this.#stats = { ...this.#stats, usedBytes: answer.usedBytes };
        return this.#measure(answer.usedBytes);
      case "damaged":
        return this.#damaged(answer.reason);
      case "disk":
        return this.#diskIs(answer.isFull);
      case "limit":
        return this.#limitTo(answer.maxBytes);
      case "unsynced":
        return this.#log.error("Cannot bring the store to the disk", { reason: answer.reason });
      case "closed":
        return this.#ended();
    }
  }

  #committed(
    { commits, writtenBytes, fsyncs, usedBytes }: Omit<StoreStats, "failures" | "commitSeconds">,
    tookMs: number,
  ): void {
    if (commits > this.#stats.commits) this.#stats.commitSeconds.add(tookMs / 1000);
    this.#stats = { ...this.#stats, commits, writtenBytes, fsyncs, usedBytes };
    this.#measure(usedBytes);
    if (this.isFailing) this.#log.warning("The store can be written again");
    this.isFailing = false;
    this.#failuresInARow = 0;
    this.#events.committed();
  }

  /** They are answered in the order in which they were asked. */
  #copied(content: BackupContent | string): void {
    const copied = this.#backups.shift();
    if (typeof content === "string") copied?.reject(new Error(content));
    else copied?.resolve(content);
  }

  #read(id: number, rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number): void {
    const done = this.#reading.get(id);
    this.#reading.delete(id);
    if (!this.#isClosing) done?.(rows, nextExpiryMs);
  }

  /** What is damaged is mended at the start, when all of it can be read: the next process looks at the whole file. */
  #damaged(reason: string): void {
    this.#log.error("The store is damaged: the broker ends, to mend it when it begins again", {
      reason,
    });
    markDamaged(this.#init.path);
    throw new Error(`The store is damaged: ${reason}`);
  }

  #limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#log.info("The store may grow until a tenth of its file system is free", { maxBytes });
    this.#measure(this.#stats.usedBytes);
  }

  #diskIs(isFull: boolean): void {
    this.#isDiskFull = isFull;
    if (isFull) {
      this.#log.error(
        "The disk is full: QoS 1 and 2 are refused until it is not, and the reserve is for what is deleted",
      );
    } else this.#log.warning("The disk has room again");
  }

  #measure(usedBytes: number): void {
    const maxBytes = this.#maxBytes;
    if (maxBytes === 0) return;
    if (!this.#isAtLimit && usedBytes >= maxBytes) {
      this.#isAtLimit = true;
      this.#log.error("The store is full: QoS 1 and 2 are refused until some of it has left", {
        usedBytes,
        maxBytes,
      });
    } else if (this.#isAtLimit && usedBytes <= maxBytes * ROOM_AGAIN) {
      this.#isAtLimit = false;
      this.#log.warning("The store has room again", { usedBytes, maxBytes });
    }
  }

  /** The Worker keeps the rows: it is asked to try again until it can, or the process ends. */
  #failed(reason: string): void {
    this.#stats = { ...this.#stats, failures: this.#stats.failures + 1 };
    if (this.#failuresInARow++ % REMINDER_FAILURES === 0) {
      this.#log.error("Cannot write to the store: QoS 1 and 2 are refused until it can", {
        reason,
      });
    }
    this.isFailing = true;
    this.#events.failed();
    if (!this.#isClosing) {
      this.#stopRetrying = this.#clock.after(RETRY_MS, () => this.#ask("retry"));
    }
  }
}
