/// <reference lib="deno.worker" />
import type { BackupContent } from "./backup.ts";
import { IdleCollection } from "./collect_garbage.ts";
import { askForRoom } from "./disk_limit.ts";
import { DAMAGED, DISK_FULL, says } from "./sqlite_words.ts";
import { Writer } from "./writer.ts";
import type {
  BatchRequest,
  ReadRequest,
  RetainedRequest,
  WriterAnswer,
  WriterInit,
  WriterRequest,
} from "./writer_protocol.ts";

/** With `interval`: time between two syncs of committed data, milliseconds. */
const SYNC_INTERVAL_MS = 1000;

/** After this much idle time the file is shrunk; and the pause between two steps of that, milliseconds. */
const IDLE_MS = 300;
const SHRINK_PAUSE_MS = 50;

/** When the free room of the disk is first asked for after the start, milliseconds. */
const ROOM_LATER_MS = 1000;
/** Time between two checks whether a full disk has room again, milliseconds. */
const ROOM_INTERVAL_MS = 1000;
/** Steps by which a file on a full disk is shrunk each time; other requests wait meanwhile. */
const ROOM_STEPS = 32;
/** The pause between two steps of deleting the waiting deliveries of ended sessions, milliseconds. */
const SWEEP_PAUSE_MS = 5;
/** Time before a failed read is repeated, milliseconds. */
const READ_AGAIN_MS = 1000;

let init: WriterInit;
let writer: Writer | undefined;
/** The batch that is not written yet. */
let pending: BatchRequest | undefined;
/** Gives back the memory of many batches. */
const idle = new IdleCollection();
let shrinkTimer: ReturnType<typeof setTimeout> | undefined;
let sweepTimer: ReturnType<typeof setTimeout> | undefined;
/** Runs while the disk is full. */
let roomTimer: ReturnType<typeof setInterval> | undefined;

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  if (data === "retry") attempt();
  else if ("closeAtMs" in data) {
    writer?.close(data.closeAtMs);
    answer({ type: "closed" });
    self.close();
  } else if ("read" in data || "readRetained" in data) read(data);
  else if ("backUpTo" in data) {
    backUp(data.backUpTo).then(
      (content) => answer({ type: "backup", content }),
      (error) => answer({ type: "backup", content: reasonOf(error) }),
    );
  } else if ("path" in data) {
    init = data;
    if (init.durability === "interval") setInterval(sync, SYNC_INTERVAL_MS);
    begin();
    Atomics.store(data.begun, 0, 1);
    Atomics.notify(data.begun, 0);
  } else {
    pending = data;
    attempt();
  }
};

/** Opens the file before the first batch. If that fails, the first batch tries again and reports the error. */
function begin(): void {
  try {
    writer = new Writer(init);
  } catch {
    writer = undefined;
  }
  setTimeout(learnRoom, ROOM_LATER_MS);
  setTimeout(() => {
    if (pending === undefined) foldIf(writer?.hasJournal === true);
    sweepIfDue();
  }, ROOM_LATER_MS);
}

/** Learns how much room the disk has. It runs a moment after the start, so that it delays nothing. */
async function learnRoom(): Promise<void> {
  try {
    const room = await askForRoom(init.path);
    if (writer === undefined) return;
    const maxBytes = room && writer.learnRoom(room);
    if (maxBytes !== undefined && init.maxBytes === undefined) answer({ type: "limit", maxBytes });
    writer.lookForRoom();
    lookAtDisk();
  } catch {
    // If the system does not tell the free room, there is no limit of this kind.
  }
}

async function backUp(path: string): Promise<BackupContent> {
  writer ??= new Writer(init);
  return await writer.backUp(path);
}

function attempt(): void {
  if (pending === undefined) return;
  try {
    writer ??= new Writer(init);
    write(writer, pending);
  } catch (error) {
    return answer({ type: "failed", reason: reasonOf(error) });
  }
  pending = undefined;
  lookAtDisk();
  const { commits, writtenBytes, fsyncs, usedBytes } = writer;
  answer({ type: "committed", commits, writtenBytes, fsyncs, usedBytes });
  // Nothing waits for the rest, because the batch has been answered.
  foldIf(writer.isJournalLong);
  writer.checkpointIfDue();
  lookAtDisk();
  shrinkIn(IDLE_MS);
  sweepIfDue();
}

/** Moves deliveries in flight from the journal into rows. */
function foldIf(isDue: boolean): void {
  if (!isDue) return;
  try {
    writer!.fold();
  } catch {
    // Nothing has changed, and the next commit reports the disk's error.
  }
}

/** Reads a part of a queue, or retained messages. If that fails it is tried again later; the client waits. */
function read(request: ReadRequest | RetainedRequest): void {
  try {
    writer ??= new Writer(init);
    if ("read" in request) readQueue(writer, request);
    else readRetained(writer, request);
  } catch (error) {
    const reason = reasonOf(error);
    if (says(error, DAMAGED)) answer({ type: "damaged", reason });
    else setTimeout(() => read(request), READ_AGAIN_MS);
  }
}

function readQueue(writer: Writer, { id, read }: ReadRequest): void {
  const { rows, nextExpiryMs } = writer.read(read);
  self.postMessage(
    { type: "page", id, rows, nextExpiryMs } satisfies WriterAnswer,
    [rows.buffer],
  );
}

function readRetained(writer: Writer, { id, readRetained }: RetainedRequest): void {
  const read = writer.readRetained(readRetained);
  self.postMessage({ type: "retained", id, ...read } satisfies WriterAnswer, [read.rows.buffer]);
  // Then the memory of many reads is given back.
  shrinkIn(IDLE_MS);
}

function sweepIfDue(): void {
  if (writer?.hasEnded === true) sweepTimer ??= setTimeout(sweep, SWEEP_PAUSE_MS);
}

/** Deletes waiting deliveries of ended sessions, but not while a batch is pending: on a full disk it must be written first. */
function sweep(): void {
  sweepTimer = undefined;
  if (pending === undefined) {
    try {
      writer!.sweep();
      answer({ type: "shrunk", usedBytes: writer!.usedBytes });
    } catch (error) {
      if (says(error, DAMAGED)) return answer({ type: "damaged", reason: reasonOf(error) });
      // The next commit reports the disk's error, and sweeping continues after it.
      return;
    }
    shrinkIn(IDLE_MS);
  }
  sweepIfDue();
}

/** Writes a batch; on a full disk it tries again as long as room can be made. */
function write(writer: Writer, { rows, atMs }: BatchRequest): void {
  for (;;) {
    try {
      return writer.write(rows, atMs);
    } catch (error) {
      if (!says(error, DISK_FULL) || !writer.makeRoom()) throw error;
    }
  }
}

/** Reports that the disk is full, before the answer to the batch that found out, and later that it has room again. */
function lookAtDisk(): void {
  if (!writer!.isDiskFull || roomTimer !== undefined) return;
  answer({ type: "disk", isFull: true });
  roomTimer = setInterval(() => {
    if (pending !== undefined) return;
    for (let i = 0; i < ROOM_STEPS && shrink(); i++);
    lookForRoom();
    if (writer!.isDiskFull) return;
    clearInterval(roomTimer);
    roomTimer = undefined;
    answer({ type: "disk", isFull: false });
  }, ROOM_INTERVAL_MS);
}

function lookForRoom(): void {
  try {
    writer!.lookForRoom();
  } catch {
    // There is no room, or the disk is broken: the next commit reports it.
  }
}

function shrinkIn(delayMs: number): void {
  clearTimeout(shrinkTimer);
  shrinkTimer = setTimeout(() => {
    if (pending !== undefined) return;
    idle.rest().catch(() => {}); // Memory is then given back later.
    foldIf(writer?.hasJournal === true);
    if (shrink()) shrinkIn(SHRINK_PAUSE_MS);
  }, delayMs);
}

/** Shrinks the file by a step; returns whether there is more to do. */
function shrink(): boolean {
  try {
    return writer!.shrink();
  } catch {
    // The file has not changed, and the next commit reports the disk's error.
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
