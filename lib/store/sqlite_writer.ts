/// <reference lib="deno.worker" />
import type { BackupContent } from "./backup.ts";
import { askForRoom } from "./disk_limit.ts";
import { DAMAGED, says } from "./sqlite_words.ts";
import { Writer } from "./writer.ts";
import type {
  BatchRequest,
  ReadRequest,
  WriterAnswer,
  WriterInit,
  WriterRequest,
} from "./writer_protocol.ts";

/** With `interval`: how often what was committed is brought to the disk. */
const SYNC_INTERVAL_MS = 1000;

/** When nothing was asked for so long the file is made smaller; and how long others have their turn between, milliseconds. */
const IDLE_MS = 300;
const SHRINK_PAUSE_MS = 50;

/** When the system is asked for the room on its disk, after the start, milliseconds. */
const ROOM_LATER_MS = 1000;
/** How often it is tried whether a full disk has room again. */
const ROOM_INTERVAL_MS = 1000;
/** How many steps the file is made smaller by each time: others wait so long. */
const ROOM_STEPS = 32;
/** How long others have their turn between two steps of deleting what waits for sessions that have ended, milliseconds. */
const SWEEP_PAUSE_MS = 5;
/** When to try again to read what could not be read, milliseconds. */
const READ_AGAIN_MS = 1000;
/** SQLite's words. */
const DISK_FULL = /database or disk is full/;

let init: WriterInit;
let writer: Writer | undefined;
/** What is not written yet. */
let pending: BatchRequest | undefined;
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
  } else if ("read" in data) read(data);
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

/** The first batch finds the file open. Where it cannot be opened, that says so. */
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

/** Not before those who wait since the start have what they wait for. */
async function learnRoom(): Promise<void> {
  try {
    const room = await askForRoom(init.path);
    if (writer === undefined) return;
    const maxBytes = room && writer.learnRoom(room);
    if (maxBytes !== undefined && init.maxBytes === undefined) answer({ type: "limit", maxBytes });
    writer.lookForRoom();
    lookAtDisk();
  } catch {
    // A system that does not say how much room there is has no limit of that kind.
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
  // Nobody waits for it: the acknowledgements are on their way.
  foldIf(writer.isJournalLong);
  writer.checkpointIfDue();
  lookAtDisk();
  shrinkIn(IDLE_MS);
  sweepIfDue();
}

/** What is in flight gets rows. */
function foldIf(isDue: boolean): void {
  if (!isDue) return;
  try {
    writer!.fold();
  } catch {
    // It is where it was, and the next commit says what is wrong with the disk.
  }
}

/** What cannot be read now is read later: whoever asked waits, as its client does. */
function read(request: ReadRequest): void {
  try {
    writer ??= new Writer(init);
    const { rows, nextExpiryMs } = writer.read(request.read);
    self.postMessage(
      { type: "page", id: request.id, rows, nextExpiryMs } satisfies WriterAnswer,
      [rows.buffer],
    );
  } catch (error) {
    const reason = reasonOf(error);
    if (says(error, DAMAGED)) answer({ type: "damaged", reason });
    else setTimeout(() => read(request), READ_AGAIN_MS);
  }
}

function sweepIfDue(): void {
  if (writer?.hasEnded === true) sweepTimer ??= setTimeout(sweep, SWEEP_PAUSE_MS);
}

/** Not while the disk is full of what must leave first. */
function sweep(): void {
  sweepTimer = undefined;
  if (pending === undefined) {
    try {
      writer!.sweep();
      answer({ type: "shrunk", usedBytes: writer!.usedBytes });
    } catch (error) {
      if (says(error, DAMAGED)) return answer({ type: "damaged", reason: reasonOf(error) });
      // The next commit says what is wrong with the disk, and after it this goes on.
      return;
    }
    shrinkIn(IDLE_MS);
  }
  sweepIfDue();
}

/** On a full disk as often as room can be made for it. */
function write(writer: Writer, { rows, atMs }: BatchRequest): void {
  for (;;) {
    try {
      return writer.write(rows, atMs);
    } catch (error) {
      if (!DISK_FULL.test(reasonOf(error)) || !writer.makeRoom()) throw error;
    }
  }
}

/** Says that the disk is full, before the answer to the batch that found out, and when it is not any more. */
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
    // It has none, or is broken: the next commit says so.
  }
}

function shrinkIn(delayMs: number): void {
  clearTimeout(shrinkTimer);
  shrinkTimer = setTimeout(() => {
    if (pending !== undefined) return;
    foldIf(writer?.hasJournal === true);
    if (shrink()) shrinkIn(SHRINK_PAUSE_MS);
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
