import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type BackupContent, makeBackup } from "./backup.ts";
import type { BatchRows } from "./batch.ts";
import { unpackRetained } from "./packed_retained.ts";
import { databaseLimit, type Room } from "./disk_limit.ts";
import { DiskWatch } from "./disk_watch.ts";
import { EndedSessions, RELEASE_MESSAGE } from "./ended_sessions.ts";
import { Journal } from "./journal.ts";
import { type PackedPage, QueueReader } from "./queue_reader.ts";
import { Vacuum } from "./vacuum.ts";
import type { QueueRead, WriterInit } from "./writer_protocol.ts";

/** All at once: between two steps others would write, and it would have to begin anew. */
const ALL_PAGES = 2 ** 31 - 1;

/** The time is written with a batch when the one that is written is older than this, milliseconds: it costs a page. */
const SEEN_EVERY_MS = 1000;

/** Writes batches, one transaction each. All that it does waits for the disk: its place is a Worker. */
export class Writer {
  /** Transactions that were written. */
  commits = 0;
  /** Bytes written to the log and to the database. */
  writtenBytes = 0;
  /** Calls that waited until the disk had everything. */
  fsyncs = 0;
  readonly #db: DatabaseSync;
  readonly #init: WriterInit;
  readonly #logPath: string;
  readonly #pageBytes: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #vacuum: Vacuum;
  readonly #disk: DiskWatch;
  readonly #reader: QueueReader;
  readonly #ended: EndedSessions;
  readonly #journal: Journal;
  #logBytes = 0;
  #isUnsynced = false;
  /** The time that is written; `undefined`: not by this process. */
  #seenAtMs: number | undefined;

  constructor(init: WriterInit) {
    this.#init = init;
    this.#logPath = `${init.path}-wal`;
    this.#db = new DatabaseSync(init.path);
    const synchronous = init.durability === "always" ? "FULL" : "NORMAL";
    // Exclusive, the log's index is in memory. In a shared file it would be mapped, and a disk that breaks or becomes read-only
    // would end the process with SIGBUS where it can only be a write that fails.
    this.#db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8000`);
    this.#pageBytes = this.#pragma("page_size");
    this.#disk = new DiskWatch(init.path.slice(0, init.path.lastIndexOf("/")), init.maxBytes ?? 0);
    this.#vacuum = new Vacuum(this.#db, (name) => this.#pragma(name));
    this.#reader = new QueueReader(this.#db);
    this.#ended = new EndedSessions(this.#db);
    this.#journal = new Journal(this.#db);
  }

  /**
   * One transaction, at this time. Throws what SQLite throws; then nothing of it is written, and it can be tried again. Should it be written
   * though SQLite has thrown, the second time changes nothing.
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

  /** Whether some of what is in flight has no row. */
  get hasJournal(): boolean {
    return !this.#journal.isEmpty;
  }

  /** Whether what is in flight should have rows now. */
  get isJournalLong(): boolean {
    return this.#journal.isLong;
  }

  /** Gives what is in flight rows. Throws what SQLite throws; then nothing has changed. */
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

  /** Makes a backup of the database as it is now. Rejects as {@linkcode makeBackup} does. */
  backUp(path: string): Promise<BackupContent> {
    return makeBackup(path, async (to) => {
      this.fold();
      await backup(this.#db, to, { rate: ALL_PAGES });
    });
  }

  /** Reads a part of a queue. Throws what SQLite throws. */
  read(query: QueueRead): PackedPage {
    return this.#reader.read(query);
  }

  /** Whether something waits for sessions that have ended. */
  get hasEnded(): boolean {
    return this.#ended.isDue;
  }

  /** Deletes some of that. Throws what SQLite throws. */
  sweep(): void {
    // Whether a message is in flight somewhere is to be seen in the rows.
    this.fold();
    this.#ended.step();
    this.commits++;
    this.#isUnsynced = true;
    this.#countLog();
    this.checkpointIfDue();
  }

  /** Bytes of the database that are in use: what was deleted leaves room in the file, which does not shrink. */
  get usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pageBytes;
  }

  /** From now on the system can be asked for room. Returns how large the database may become where nobody has said it, bytes. */
  learnRoom(room: () => Room): number {
    this.#disk.room = room;
    return databaseLimit(room(), Deno.statSync(this.#init.path).size);
  }

  /** Whether there is room for nothing but for what is deleted. */
  get isDiskFull(): boolean {
    return this.#disk.isFull;
  }

  /** Makes some room on a full disk; `false`: there is nothing more to give up. */
  makeRoom(): boolean {
    const logBytes = this.#logBytes;
    this.checkpointIfDue();
    return this.#logBytes < logBytes || this.#disk.giveUpReserve();
  }

  /** Looks whether the disk has room for the reserve, and makes it where it is not there. */
  lookForRoom(): void {
    this.checkpointIfDue();
    this.#disk.lookAgain();
  }

  /** Makes the file somewhat smaller, where it has much room that is not used; `false`: it has not, or is as small as it should be. */
  shrink(): boolean {
    const isFull = this.isDiskFull;
    if (!this.#vacuum.isDue(isFull)) return false;
    // What it moves is written to the log, whose room may be wanted for what is deleted.
    if (isFull && this.#logBytes > 0 && this.#growthBytes <= 0) return false;
    this.#vacuum.step();
    this.#countLog();
    const isDue = this.#vacuum.isDue(isFull);
    // The pages are given back where the log is moved into the database.
    if (isDue || isFull) this.checkpointIfDue();
    else this.#tryCheckpoint();
    return isDue;
  }

  /** Moves a log that has grown large into the database, or one for which there would be no room later. */
  checkpointIfDue(): void {
    const sizes = { logBytes: this.#logBytes, growthBytes: this.#growthBytes };
    if (this.#disk.isCheckpointDue(sizes)) this.#tryCheckpoint();
  }

  /** What the database would grow by if the log were moved into it. */
  get #growthBytes(): number {
    return this.#pragma("page_count") * this.#pageBytes - Deno.statSync(this.#init.path).size;
  }

  /** Brings what was committed to the disk: one call for all of a second, and nothing is written twice for it. */
  sync(): void {
    if (!this.#isUnsynced) return;
    using log = Deno.openSync(this.#logPath, { read: true, write: true });
    log.syncDataSync();
    this.fsyncs++;
    this.#isUnsynced = false;
  }

  /** The time until then is known to the next process, where it can be written. */
  close(atMs: number): void {
    for (const write of [() => this.#writeTime(atMs), () => this.fold()]) {
      try {
        write();
      } catch {
        // What was asked for has been written, or was said.
      }
    }
    this.#db.close();
  }

  #writeTime(atMs: number): void {
    this.#run("INSERT OR REPLACE INTO clock VALUES (1, ?)", atMs);
  }

  #writeAll(rows: BatchRows): void {
    for (const id of rows.deletedSessions) {
      this.#run("DELETE FROM sessions WHERE id = ?", id);
      this.#run("DELETE FROM subscriptions WHERE session_id = ?", id);
      this.#run("DELETE FROM wills WHERE session_id = ?", id);
      this.#run("DELETE FROM queues WHERE session_id = ?", id);
    }
    this.#each("INSERT OR IGNORE INTO ended VALUES (?)", rows.endedSessions);
    if (rows.endedSessions.length > 0) this.#ended.add();
    this.#all(
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
    this.#all("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)", rows.subscriptions);
    this.#all("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)", rows.messages);
    this.#all("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?)", rows.waiting);
    const written = rows.deletedMessages.filter((id) => !this.#journal.hasMessage(id));
    this.#journal.write(rows.flight);
    this.#all("DELETE FROM waiting WHERE session_id = ? AND sequence = ?", rows.deletedWaiting);
    this.#each("DELETE FROM messages WHERE id = ?", written);
    this.#each(RELEASE_MESSAGE, rows.releasedMessages);
    this.#all("INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?, ?)", rows.queues);
    this.#all("DELETE FROM received WHERE session_id = ? AND packet_id = ?", rows.deletedReceived);
    this.#all("INSERT OR REPLACE INTO received VALUES (?, ?)", rows.received);
    this.#each("DELETE FROM retained WHERE topic_name = ?", rows.deletedRetained);
    this.#all(
      "INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?, ?, ?)",
      unpackRetained(rows.retained),
    );
    this.#each("DELETE FROM wills WHERE session_id = ?", rows.deletedWills);
    this.#all("INSERT OR REPLACE INTO wills VALUES (?, ?, ?, ?, ?)", rows.wills);
    if (rows.position !== null) {
      this.#statement("INSERT OR REPLACE INTO cluster VALUES (1, ?)").run(rows.position);
    }
  }

  #all(sql: string, rows: Iterable<readonly SQLInputValue[]>): void {
    const statement = this.#statement(sql);
    for (const row of rows) statement.run(...row);
  }

  #each(sql: string, keys: readonly (number | string)[]): void {
    if (keys.length === 0) return;
    const statement = this.#statement(sql);
    for (const key of keys) statement.run(key);
  }

  #run(sql: string, key: number): void {
    this.#statement(sql).run(key);
  }

  #pragma(name: string): number {
    return Number(this.#statement(`PRAGMA ${name}`).get()![name]);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  #tryCheckpoint(): void {
    try {
      this.#checkpoint();
    } catch {
      // The disk is full: the next commit says so.
    }
  }

  #checkpoint(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    // The log is brought to the disk before, the database after it; its pages are written again.
    this.writtenBytes += this.#logBytes;
    this.fsyncs += 2;
    this.#logBytes = 0;
    this.#isUnsynced = false;
  }

  /** The log grows between checkpoints and is cut off by them, so its size tells what was written. */
  #countLog(): void {
    const { size } = Deno.statSync(this.#logPath);
    // A log that begins has its head brought to the disk before anything else.
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
