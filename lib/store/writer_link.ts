import { Distribution, type LogPort, type StoredRetained } from "../broker/mod.ts";
import type { BackupContent } from "./backup.ts";
import type { BatchRows } from "./batch_rows.ts";
import { unpackRead, unpackTogether } from "./packed_retained.ts";
import { markDamaged } from "./store_files.ts";
import { SpareDescriptors } from "./spare_descriptors.ts";
import type { StoreClock } from "./store_clock.ts";
import type {
  BatchRequest,
  BeginRequest,
  QueueRead,
  ReadRequest,
  RetainedAnswer,
  RetainedRequest,
  WriterAnswer,
  WriterInit,
  WriterRequest,
} from "./writer_protocol.ts";

/** Time before a failed commit is tried again, milliseconds. */
const RETRY_MS = 1000;
/** Failures in a row after which they are logged again. */
const REMINDER_FAILURES = 60;
/** How long the Worker may take to answer before that is logged and writes count as failing, milliseconds. */
const PATIENCE_MS = 10_000;
/** The longest wait for the Worker to start, milliseconds. */
const START_MS = 500;
/** A full database counts as full until its used part falls to this share of its limit. */
const ROOM_AGAIN = 0.9;

/** Gets the retained messages that were read. */
type RetainedDone = (messages: readonly (StoredRetained | undefined)[]) => void;

/** Retained messages that are being read. */
interface RetainedReading {
  readonly topicNames: readonly string[];
  readonly done: RetainedDone;
}

/** Counters of what the store has written, which matter for the life of flash memory. */
export interface StoreStats {
  /** Commits that wrote something. */
  readonly commits: number;
  /** Bytes written to the log file and the database file, as an upper bound: a page that changes often is written to the latter once. */
  readonly writtenBytes: number;
  /** Calls that waited for the disk to sync. */
  readonly fsyncs: number;
  /** Commits that failed and were tried again. */
  readonly failures: number;
  /** The used bytes of the database. */
  readonly usedBytes: number;
  /** The duration of commits, from the request to the Worker to its answer, seconds. */
  readonly commitSeconds: Distribution;
}

/** Upper bounds of the histogram's buckets, seconds. */
const COMMIT_BOUNDS = [
  ...[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
] as const;
/** The number of recent commits that quantiles cover. */
const COMMIT_WINDOW = 200;

/** The results of a batch. */
export interface WriterEvents {
  /** The batch is in the file. */
  committed(): void;
  /** The batch could not be written, and will be tried again. */
  failed(): void;
  /** The Worker has ended. */
  closed(): void;
}

/** The connection to the Worker that writes. It gets one batch at a time, and keeps the batch until it is written. */
export class WriterLink {
  /** Whether nothing can be written at present. */
  isFailing = false;
  /** Whether the database has grown to its limit. */
  #isAtLimit = false;
  /** Whether the disk has room only for deletions. */
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
  /** When the pending batch was sent to the Worker; `undefined` if there is none. */
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
  readonly #readingRetained = new Map<number, RetainedReading>();

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

  /** Whether there is no room: then only deletions are written. */
  get isFull(): boolean {
    return this.#isAtLimit || this.#isDiskFull;
  }

  /** Whether the database has grown to half of its limit, or more. */
  get isHalfFull(): boolean {
    return this.#maxBytes > 0 && 2 * this.#stats.usedBytes >= this.#maxBytes;
  }

  /** Counters of what was written. */
  get stats(): StoreStats {
    return this.#stats;
  }

  /** How long the present batch has been pending, milliseconds; 0 if there is none. A report of failure is an answer too. */
  get unansweredMs(): number {
    return this.#askedAtMs === undefined ? 0 : this.#clock.now() - this.#askedAtMs;
  }

  /** Starts the Worker. Otherwise the first batch starts it, which blocks this thread for tens of milliseconds. */
  begin(): void {
    if (!this.#isClosing) this.#started();
  }

  /** Writes a batch. The previous one must have been committed. */
  write(rows: BatchRows): void {
    const { retained, flight, wills } = rows;
    const buffers = [retained.buffer, flight.buffer, wills.buffer];
    this.#ask({ rows, atMs: this.#clock.date() }, buffers);
  }

  /** Makes a backup of everything committed. Writes wait meanwhile. */
  backUp(path: string): Promise<BackupContent> {
    if (this.#isClosing) return Promise.reject(new Error("The store is closed"));
    const copied = Promise.withResolvers<BackupContent>();
    this.#backups.push(copied);
    this.#send({ backUpTo: path });
    return copied.promise;
  }

  /** Reads from the committed data. If the disk does not answer, `done` is called later. */
  read(
    query: QueueRead,
    done: (rows: Uint8Array<ArrayBuffer>, nextExpiryMs: number) => void,
  ): void {
    const id = ++this.#lastRead;
    this.#reading.set(id, done);
    this.#send({ read: query, id } satisfies ReadRequest);
  }

  /** Reads committed retained messages. If the disk does not answer, `done` is called later. */
  readRetained(topicNames: readonly string[], done: RetainedDone): void {
    const id = ++this.#lastRead;
    this.#readingRetained.set(id, { topicNames, done });
    this.#send({ readRetained: topicNames.join("\0"), id } satisfies RetainedRequest);
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

  /** `moved` are objects transferred to the Worker. */
  #ask(request: BatchRequest | "retry", moved: Transferable[] = []): void {
    this.#askedAtMs = this.#clock.now();
    this.#stopWaiting ??= this.#clock.after(PATIENCE_MS, () => this.#lookForAnswer());
    this.#send(request, moved);
  }

  /** Checks for a missing answer. A disk that hangs and a Worker that is gone look the same, and with either nothing can be promised. */
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

  /** Sends a request, unless the Worker is to end. */
  #send(request: WriterRequest, moved: Transferable[] = []): void {
    if (!this.#isClosing) this.#started().postMessage(request, moved);
  }

  /**
   * Returns the Worker, and starts it with the first call. If file descriptors are scarce, this thread waits until the Worker has opened
   * all its files: new connections could take the descriptors, and a Worker that cannot load ends the broker.
   */
  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const isScarce = this.#spare.areScarce();
    this.#spare.release();
    const worker = new Worker(new URL("./sqlite_writer.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<WriterAnswer>) => this.#answered(data);
    worker.onerror = (event) => {
      // An error that the Worker does not catch is a fault of ours. Nothing more can be promised, so the process must end. What waits for a
      // commit is never released, and the next process begins with the committed state.
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
      case "retained":
        return this.#readRetained(answer.id, answer);
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
        return this.#log.error("Cannot sync the store to the disk", { reason: answer.reason });
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

  /** Backups are answered in the order of requests. */
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

  #readRetained(id: number, { rows, owner }: RetainedAnswer): void {
    const reading = this.#readingRetained.get(id);
    this.#readingRetained.delete(id);
    if (this.#isClosing || reading === undefined) return;
    const { topicNames, done } = reading;
    done(owner === undefined ? unpackRead(rows) : unpackTogether(rows, topicNames, owner));
  }

  /** Marks the file as damaged. Damage is repaired at the next start, which checks the whole file. */
  #damaged(reason: string): void {
    this.#log.error("The store is damaged: the broker ends, and repairs it at the next start", {
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
        "The disk is full, or read-only: QoS 1 and 2 are refused until it is not, and the reserve is for what is deleted",
      );
    } else this.#log.warning("The disk has room again");
  }

  #measure(usedBytes: number): void {
    const maxBytes = this.#maxBytes;
    if (maxBytes === 0) return;
    if (!this.#isAtLimit && usedBytes >= maxBytes) {
      this.#isAtLimit = true;
      this.#log.error("The store is full: QoS 1 and 2 are refused until it has room again", {
        usedBytes,
        maxBytes,
      });
    } else if (this.#isAtLimit && usedBytes <= maxBytes * ROOM_AGAIN) {
      this.#isAtLimit = false;
      this.#log.warning("The store has room again", { usedBytes, maxBytes });
    }
  }

  /** A batch has failed. The Worker keeps its rows, and is asked to try again until it succeeds or the process ends. */
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
