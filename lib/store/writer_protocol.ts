import type { BackupContent } from "./backup.ts";
import type { BatchRows } from "./batch_rows.ts";
import type { RowOwner } from "./retained_rows.ts";

/** What the Worker is to know. */
export interface WriterInit {
  /** Of the database, which exists and has the present schema. */
  readonly path: string;
  /** `always`: each commit is on the disk when it is answered. `interval`: within a second. */
  readonly durability: "always" | "interval";
  /** Bytes of the database at which it is full; 0: no limit; `undefined`: a tenth of the file system stays free. */
  readonly maxBytes: number | undefined;
  /** Bytes of it that are in use at the start. */
  readonly usedBytes: number;
  /** Milliseconds that every commit takes longer: for tests, a slow disk. */
  readonly commitDelayMs: number;
}

/** The first request to the Worker. */
export interface BeginRequest extends WriterInit {
  /** Gets a 1, for who waits, when all files are open that can be. */
  readonly begun: Int32Array<SharedArrayBuffer>;
}

/** What the Worker is asked to write. */
export interface BatchRequest {
  readonly rows: BatchRows;
  /** When it was asked, in milliseconds since 1970. */
  readonly atMs: number;
}

/** What of a session's queue is asked for; see `QueueQuery`. */
export interface QueueRead {
  readonly sessionId: number;
  readonly afterSequence: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** `undefined`: what is next, whenever it expires. */
  readonly expiredAtMs: number | undefined;
}

/** What the Worker is asked to read. */
export interface ReadRequest {
  readonly read: QueueRead;
  /** Of the request. */
  readonly id: number;
}

/** Of which topics the Worker is asked for the retained messages. */
export interface RetainedRequest {
  /** Topic Names with U+0000, which no name contains, between them: one text is copied between threads sooner than many. */
  readonly readRetained: string;
  /** Of the request. */
  readonly id: number;
}

/** What the Worker is asked last. */
export interface CloseRequest {
  /** When it was asked, in milliseconds since 1970. */
  readonly closeAtMs: number;
}

/** The Worker is to make a backup; what it is asked meanwhile waits. */
export interface BackupRequest {
  /** A file that is not there yet. */
  readonly backUpTo: string;
}

/** What the Worker is asked. `retry`: to write the batch that it could not write. */
export type WriterRequest =
  | BeginRequest
  | BatchRequest
  | ReadRequest
  | RetainedRequest
  | BackupRequest
  | CloseRequest
  | "retry";

/** Retained messages that were read. */
export interface RetainedAnswer {
  /** As `packRead` packs them; if there is an owner, their packets one after the other. */
  readonly rows: Uint8Array<ArrayBuffer>;
  /** The publisher of all of them, none of which expires. */
  readonly owner?: RowOwner;
}

/** What the Worker answers; to each batch and `retry` there is one answer, `committed` or `failed`. */
export type WriterAnswer =
  | {
    readonly type: "committed";
    /** These three since the Worker began. */
    readonly commits: number;
    readonly writtenBytes: number;
    readonly fsyncs: number;
    /** Bytes of the database that are in use. */
    readonly usedBytes: number;
  }
  /** What is in the backup that was made, or why there is none. */
  | { readonly type: "backup"; readonly content: BackupContent | string }
  | {
    readonly type: "page";
    /** Of the request. */
    readonly id: number;
    /** As `packQueue` packs them. */
    readonly rows: Uint8Array<ArrayBuffer>;
    readonly nextExpiryMs: number;
  }
  | RetainedAnswer & {
    readonly type: "retained";
    /** Of the request. */
    readonly id: number;
  }
  /** Something has been deleted that nobody asked about. */
  | { readonly type: "shrunk"; readonly usedBytes: number }
  | { readonly type: "damaged"; readonly reason: string }
  | { readonly type: "disk"; readonly isFull: boolean }
  | { readonly type: "limit"; readonly maxBytes: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "unsynced"; readonly reason: string }
  | { readonly type: "closed" };
