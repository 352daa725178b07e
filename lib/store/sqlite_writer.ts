/// <reference lib="deno.worker" />
import type { BatchRows } from "./batch.ts";
import { Writer } from "./writer.ts";

/** The first request to the Worker. */
export interface WriterInit {
  /** Of the database, which exists and has the present schema. */
  readonly path: string;
  /** `always`: each commit is on the disk when it is answered. `interval`: within a second. */
  readonly durability: "always" | "interval";
  /** Bytes of the database at which it is full; 0: no limit. */
  readonly maxBytes: number;
  /** Bytes of it that are in use at the start. */
  readonly usedBytes: number;
  /** Milliseconds that every commit takes longer: for tests, a slow disk. */
  readonly commitDelayMs: number;
}

/** What the Worker is asked. `retry`: the batch that it could not write. */
export type WriterRequest = WriterInit | BatchRows | "retry" | "close";

/** What the Worker answers; to each batch and `retry` there is one answer of the first two. */
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
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "unsynced"; readonly reason: string }
  | { readonly type: "closed" };

/** With `interval`: how often what was committed is brought to the disk. */
const SYNC_INTERVAL_MS = 1000;

let init: WriterInit;
let writer: Writer | undefined;
/** Rows that are not written yet. */
let pending: BatchRows | undefined;

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  if (data === "retry") attempt();
  else if (data === "close") {
    writer?.close();
    answer({ type: "closed" });
    self.close();
  } else if ("path" in data) {
    init = data;
    if (init.durability === "interval") setInterval(sync, SYNC_INTERVAL_MS);
  } else {
    pending = data;
    attempt();
  }
};

function attempt(): void {
  if (pending === undefined) return;
  try {
    writer ??= new Writer(init);
    writer.write(pending);
  } catch (error) {
    return answer({ type: "failed", reason: reasonOf(error) });
  }
  pending = undefined;
  const { commits, writtenBytes, fsyncs, usedBytes } = writer;
  answer({ type: "committed", commits, writtenBytes, fsyncs, usedBytes });
  // Nobody waits for it: the acknowledgements are on their way.
  writer.checkpointIfDue();
}

function sync(): void {
  try {
    writer?.sync();
  } catch (error) {
    answer({ type: "unsynced", reason: reasonOf(error) });
  }
}

function answer(message: WriterAnswer): void {
  self.postMessage(message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
