/// <reference lib="deno.worker" />
import { Writer } from "./writer.ts";
import type { BatchRequest, WriterAnswer, WriterInit, WriterRequest } from "./writer_protocol.ts";

/** With `interval`: how often what was committed is brought to the disk. */
const SYNC_INTERVAL_MS = 1000;

/** When nothing was asked for so long the file is made smaller; and how long others have their turn between, milliseconds. */
const IDLE_MS = 300;
const SHRINK_PAUSE_MS = 50;

let init: WriterInit;
let writer: Writer | undefined;
/** What is not written yet. */
let pending: BatchRequest | undefined;
let shrinkTimer: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  if (data === "retry") attempt();
  else if ("closeAtMs" in data) {
    writer?.close(data.closeAtMs);
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
    writer.write(pending.rows, pending.atMs);
  } catch (error) {
    return answer({ type: "failed", reason: reasonOf(error) });
  }
  pending = undefined;
  const { commits, writtenBytes, fsyncs, usedBytes } = writer;
  answer({ type: "committed", commits, writtenBytes, fsyncs, usedBytes });
  // Nobody waits for it: the acknowledgements are on their way.
  writer.checkpointIfDue();
  shrinkIn(IDLE_MS);
}

function shrinkIn(delayMs: number): void {
  clearTimeout(shrinkTimer);
  shrinkTimer = setTimeout(() => {
    if (pending === undefined && shrink()) shrinkIn(SHRINK_PAUSE_MS);
  }, delayMs);
}

/** Whether there is more to do. */
function shrink(): boolean {
  try {
    return writer!.shrink();
  } catch {
    // The file is as large as before, and the next commit says what is wrong with the disk.
    return false;
  }
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
