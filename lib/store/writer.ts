import { backup, DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type BackupContent, makeBackup } from "./backup.ts";
import type { BatchRows } from "./batch_rows.ts";
import { packRead, unpackRetained } from "./packed_retained.ts";
import { unpackWills } from "./packed_wills.ts";
import { databaseLimit, type Room } from "./disk_limit.ts";
import { Deletions } from "./deletions.ts";
import { DiskWatch } from "./disk_watch.ts";
import { EndedSessions, RELEASE_MESSAGE } from "./ended_sessions.ts";
import { Journal } from "./journal.ts";
import { type PackedPage, QueueReader } from "./queue_reader.ts";
import { RetainedReader } from "./retained_reader.ts";
import { DELETE_SHARED, PUT_SHARED } from "./shared_rows.ts";
import { Statements } from "./statements.ts";
import { Vacuum } from "./vacuum.ts";
import type { QueueRead, RetainedAnswer, WriterInit } from "./writer_protocol.ts";

/** Copies all pages in one step: a write between two steps would make SQLite begin anew. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * The time is written with a batch if the stored one is older than this, milliseconds. It is not written each time, because it costs a
 * page.
 */
const SEEN_EVERY_MS = 1000;

/** Writes batches, one transaction each. Every call waits for the disk, so it runs in a Worker. */
export class Writer {
  /** The number of transactions written. */
  commits = 0;
  /** Bytes written to the log and to the database. */
  writtenBytes = 0;
  /** Calls that waited for the disk to sync. */
  fsyncs = 0;
  readonly #db: DatabaseSync;
  readonly #init: WriterInit;
  readonly #logPath: string;
  readonly #pageBytes: number;
  readonly #statements: Statements;
  readonly #vacuum: Vacuum;
  readonly #disk: DiskWatch;
  readonly #reader: QueueReader;
  readonly #retained: RetainedReader;
  readonly #ended: EndedSessions;
  readonly #deletions: Deletions;
  readonly #journal: Journal;
  #logBytes = 0;
  #isUnsynced = false;
  /** The time last written by this process. */
  #seenAtMs: number | undefined;

  constructor(init: WriterInit) {
    this.#init = init;
    this.#logPath = `${init.path}-wal`;
    this.#db = new DatabaseSync(init.path);
    this.#statements = new Statements(this.#db);
    const synchronous = init.durability === "always" ? "FULL" : "NORMAL";
    // With exclusive locking, the log's index is in memory. In a shared file it would be mapped, and a disk that breaks or becomes
    // read-only would end the process with SIGBUS instead of failing a write.
    this.#db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8000`);
    this.#pageBytes = this.#pragma("page_size");
    this.#disk = new DiskWatch(init.path.slice(0, init.path.lastIndexOf("/")), init.maxBytes ?? 0);
    this.#vacuum = new Vacuum(this.#db, (name) => this.#pragma(name));
    this.#reader = new QueueReader(this.#db);
    this.#retained = new RetainedReader(this.#db);
    this.#ended = new EndedSessions(this.#db);
    this.#deletions = new Deletions(this.#db);
    this.#journal = new Journal(this.#db);
  }

  /**
   * Writes one transaction, at this time. Throws SQLite's errors; then nothing is written, and it can be tried again. If it was written
   * although SQLite has thrown, writing it again changes nothing.
   */
  write(rows: BatchRows, atMs: number): void {
    this.#wait();
    this.#db.exec("BEGIN IMMEDIATE");
    const sinceMs = atMs - (this.#seenAtMs ?? -Infinity);
    const isNews = sinceMs >= SEEN_EVERY_MS || sinceMs < 0;
    try {
      this.#writeAll(rows);
      if (isNews) this.#writeTime(atMs);
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#journal.mistrust();
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
    if (isNews) this.#seenAtMs = atMs;
    this.commits++;
    this.#isUnsynced = true;
    this.#countLog();
  }

  /** Whether some deliveries in flight are only in the journal. */
  get hasJournal(): boolean {
    return !this.#journal.isEmpty;
  }

  /** Whether the journal is so long that it should be moved into rows. */
  get isJournalLong(): boolean {
    return this.#journal.isLong;
  }

  /** Moves the journal into rows. Throws SQLite's errors; then nothing has changed. */
  fold(): void {
    if (this.#journal.isEmpty) return;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#journal.fold();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#journal.mistrust();
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
    this.#journal.empty();
    this.#isUnsynced = true;
    this.#countLog();
  }

  /** Makes a backup of the present database. Rejects as {@linkcode makeBackup} does. */
  backUp(path: string): Promise<BackupContent> {
    return makeBackup(path, async (to) => {
      this.fold();
      await backup(this.#db, to, { rate: ALL_PAGES });
    });
  }

  /** Reads a part of a queue. Throws SQLite's errors. */
  read(query: QueueRead): PackedPage {
    return this.#reader.read(query);
  }

  /** Reads the retained messages of Topic Names with U+0000 between them. Throws SQLite's errors. */
  readRetained(joined: string): RetainedAnswer {
    const topicNames = joined.split("\0");
    const together = this.#retained.readTogether(topicNames, joined);
    if (together !== undefined) return { rows: together.packets, owner: together.owner };
    return { rows: packRead(this.#retained.read(topicNames)) };
  }

  /** Whether there are waiting deliveries of ended sessions. */
  get hasEnded(): boolean {
    return this.#ended.isDue;
  }

  /** Deletes some of them. Throws SQLite's errors. */
  sweep(): void {
    // Only rows tell whether a message is in flight elsewhere.
    this.fold();
    this.#ended.step();
    this.commits++;
    this.#isUnsynced = true;
    this.#countLog();
    this.checkpointIfDue();
  }

  /** The used bytes of the database. Deleting leaves free pages in the file, which does not shrink. */
  get usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pageBytes;
  }

  /** Sets how to ask the system for free room. Returns the default limit of the database's size, bytes. */
  learnRoom(room: () => Room): number {
    this.#disk.room = room;
    return databaseLimit(room(), Deno.statSync(this.#init.path).size);
  }

  /** Whether the disk has room only for deletions. */
  get isDiskFull(): boolean {
    return this.#disk.isFull;
  }

  /** Frees some room on a full disk; returns false if nothing more can be freed. */
  makeRoom(): boolean {
    const logBytes = this.#logBytes;
    this.checkpointIfDue();
    return this.#logBytes < logBytes || this.#disk.giveUpReserve();
  }

  /** Checks whether the disk has room for the reserve file, and creates the file if it is missing. */
  lookForRoom(): void {
    this.checkpointIfDue();
    this.#disk.lookAgain();
  }

  /** Shrinks the file by a step if it has many unused pages; returns false if it has not. */
  shrink(): boolean {
    const isFull = this.isDiskFull;
    if (!this.#vacuum.isDue(isFull)) return false;
    // Shrinking writes to the log, whose room may be needed for deletions.
    if (isFull && this.#logBytes > 0 && this.#growthBytes <= 0) return false;
    this.#vacuum.step();
    this.#countLog();
    const isDue = this.#vacuum.isDue(isFull);
    // The file only shrinks when the log is moved into it.
    if (isDue || isFull) this.checkpointIfDue();
    else this.#tryCheckpoint();
    return isDue;
  }

  /** Moves the log into the database if it has grown large, or if there would be no room for that later. */
  checkpointIfDue(): void {
    const sizes = { logBytes: this.#logBytes, growthBytes: this.#growthBytes };
    if (this.#disk.isCheckpointDue(sizes)) this.#tryCheckpoint();
  }

  /** The bytes by which the database would grow if the log were moved into it. */
  get #growthBytes(): number {
    return this.#pragma("page_count") * this.#pageBytes - Deno.statSync(this.#init.path).size;
  }

  /** Syncs committed data: one call for all commits of a second, and nothing is written twice for it. */
  sync(): void {
    if (!this.#isUnsynced) return;
    using log = Deno.openSync(this.#logPath, { read: true, write: true });
    log.syncDataSync();
    this.fsyncs++;
    this.#isUnsynced = false;
  }

  /** Closes the database. First writes the time, if possible, for the next process. */
  close(atMs: number): void {
    for (const write of [() => this.#writeTime(atMs), () => this.fold()]) {
      try {
        write();
      } catch {
        // All batches have been written, or their failure was reported.
      }
    }
    this.#db.close();
  }

  #writeTime(atMs: number): void {
    this.#statements.run("INSERT OR REPLACE INTO clock VALUES (1, ?)", atMs);
  }

  #writeAll(rows: BatchRows): void {
    for (const id of rows.deletedSessions) {
      this.#statements.run("DELETE FROM sessions WHERE id = ?", id);
      this.#statements.run("DELETE FROM subscriptions WHERE session_id = ?", id);
      this.#statements.run("DELETE FROM wills WHERE session_id = ?", id);
      this.#statements.run("DELETE FROM queues WHERE session_id = ?", id);
    }
    this.#each("INSERT OR IGNORE INTO ended VALUES (?)", rows.endedSessions);
    if (rows.endedSessions.length > 0) this.#ended.add();
    this.#statements.insert(
      `INSERT INTO sessions (id, client_id, expiry_seconds, expires_at_ms, owner)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET expiry_seconds = excluded.expiry_seconds,
         expires_at_ms = excluded.expires_at_ms, owner = coalesce(excluded.owner, owner)`,
      rows.sessions,
    );
    this.#all(
      "DELETE FROM subscriptions WHERE session_id = ? AND topic_filter = ?",
      rows.deletedSubscriptions,
    );
    this.#statements.insert(
      "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)",
      rows.subscriptions,
    );
    this.#statements.insert("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)", rows.messages);
    this.#statements.insert(
      "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)",
      rows.waiting,
    );
    const written = rows.deletedMessages.filter((id) => !this.#journal.hasMessage(id));
    this.#journal.write(rows.flight);
    this.#deletions.waiting(rows.deletedWaiting);
    this.#deletions.messages(written);
    this.#each(RELEASE_MESSAGE, rows.releasedMessages);
    this.#statements.insert("INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?, ?)", rows.queues);
    this.#all("DELETE FROM received WHERE session_id = ? AND packet_id = ?", rows.deletedReceived);
    this.#statements.insert("INSERT OR REPLACE INTO received VALUES (?, ?)", rows.received);
    this.#each("DELETE FROM retained WHERE topic_name = ?", rows.deletedRetained);
    this.#all(
      "INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?, ?, ?)",
      unpackRetained(rows.retained),
    );
    this.#each("DELETE FROM wills WHERE session_id = ?", rows.deletedWills);
    this.#statements.insert(
      "INSERT OR REPLACE INTO wills VALUES (?, ?, ?, ?, ?)",
      unpackWills(rows.wills),
    );
    this.#all(DELETE_SHARED, rows.deletedShared);
    this.#statements.insert(PUT_SHARED, rows.shared);
    if (rows.position !== null) {
      this.#statements.run("INSERT OR REPLACE INTO cluster VALUES (1, ?)", rows.position);
    }
  }

  #all(sql: string, rows: Iterable<readonly SQLInputValue[]>): void {
    const statement = this.#statements.of(sql);
    for (const row of rows) statement.run(...row);
  }

  #each(sql: string, keys: readonly (number | string)[]): void {
    if (keys.length === 0) return;
    const statement = this.#statements.of(sql);
    for (const key of keys) statement.run(key);
  }

  #pragma(name: string): number {
    return Number(this.#statements.of(`PRAGMA ${name}`).get()![name]);
  }

  #tryCheckpoint(): void {
    try {
      this.#checkpoint();
    } catch {
      // The disk is full: the next commit reports it.
    }
  }

  #checkpoint(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    // SQLite syncs the log before the checkpoint and the database after it, and writes the log's pages again.
    this.writtenBytes += this.#logBytes;
    this.fsyncs += 2;
    this.#logBytes = 0;
    this.#isUnsynced = false;
  }

  /** Counts written bytes by the size of the log, which grows between checkpoints and is truncated by them. */
  #countLog(): void {
    const { size } = Deno.statSync(this.#logPath);
    // The header of a new log is synced before anything else.
    if (this.#logBytes === 0) this.fsyncs++;
    if (this.#init.durability === "always") this.fsyncs++;
    this.writtenBytes += Math.max(0, size - this.#logBytes);
    this.#logBytes = size;
  }

  #wait(): void {
    if (this.#init.commitDelayMs === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#init.commitDelayMs);
  }
}
