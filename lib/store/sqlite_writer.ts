/// <reference lib="deno.worker" />
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { BatchRows } from "./batch.ts";

/** The first message to the Worker. */
export interface WriterInit {
  /** Of the database, which exists and has the present schema. */
  readonly path: string;
  /** `always`: each commit is on the disk when it is answered. `interval`: within a second. */
  readonly durability: "always" | "interval";
  /** Milliseconds that every commit takes longer: for tests, a slow disk. */
  readonly commitDelayMs: number;
}

/** What the Worker answers, one for each batch. */
export type CommitAnswer =
  | { readonly type: "committed"; readonly writtenBytes: number; readonly fsyncs: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "closed" };

/** Bytes of the write-ahead log at which it is moved into the database. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024;
/** With `interval`: how often what was committed is brought to the disk. */
const SYNC_INTERVAL_MS = 1000;

/** Writes batches, one transaction each, for as long as the Worker lives. */
class Writer {
  readonly #db: DatabaseSync;
  readonly #init: WriterInit;
  readonly #statements = new Map<string, StatementSync>();
  #logBytes = 0;
  #isUnsynced = false;

  constructor(init: WriterInit) {
    this.#init = init;
    this.#db = new DatabaseSync(init.path);
    const synchronous = init.durability === "always" ? "FULL" : "NORMAL";
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8000; PRAGMA busy_timeout = 5000`);
    if (init.durability === "interval") setInterval(() => this.sync(), SYNC_INTERVAL_MS);
  }

  /** One transaction. Throws what SQLite throws; then nothing of it is written. */
  write(rows: BatchRows): CommitAnswer {
    this.#wait();
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#writeAll(rows);
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
    this.#isUnsynced = true;
    let writtenBytes = this.#logGrowth();
    let fsyncs = this.#init.durability === "always" ? 1 : 0;
    if (this.#logBytes > CHECKPOINT_BYTES) {
      writtenBytes += this.#logBytes;
      fsyncs += 2;
      this.#checkpoint();
    }
    return { type: "committed", writtenBytes, fsyncs };
  }

  /** Brings what was committed to the disk. */
  sync(): void {
    if (!this.#isUnsynced) return;
    try {
      this.#checkpoint();
    } catch {
      // The disk is full: the next commit says so.
    }
  }

  close(): void {
    this.#db.close();
  }

  #writeAll(rows: BatchRows): void {
    for (const id of rows.deletedSessions) {
      this.#run("DELETE FROM sessions WHERE id = ?", id);
      this.#run("DELETE FROM subscriptions WHERE session_id = ?", id);
      this.#run("DELETE FROM received WHERE session_id = ?", id);
      this.#run("DELETE FROM wills WHERE session_id = ?", id);
    }
    this.#all(
      `INSERT INTO sessions (id, client_id, expiry_seconds, expires_at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET expiry_seconds = excluded.expiry_seconds,
         expires_at_ms = excluded.expires_at_ms`,
      rows.sessions,
    );
    this.#all(
      "DELETE FROM subscriptions WHERE session_id = ? AND topic_filter = ?",
      rows.deletedSubscriptions,
    );
    this.#all("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)", rows.subscriptions);
    this.#all("INSERT INTO messages VALUES (?, ?, ?, ?)", rows.messages);
    this.#all(
      `INSERT INTO deliveries
         (sequence, session_id, message_id, flags, packet_id, is_released, identifiers, share)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      rows.deliveries,
    );
    this.#all(
      "UPDATE deliveries SET packet_id = ?, is_released = ? WHERE sequence = ?",
      rows.inFlight,
    );
    this.#each("DELETE FROM deliveries WHERE sequence = ?", rows.deletedDeliveries);
    this.#each("DELETE FROM messages WHERE id = ?", rows.deletedMessages);
    this.#all("DELETE FROM received WHERE session_id = ? AND packet_id = ?", rows.deletedReceived);
    this.#all("INSERT OR REPLACE INTO received VALUES (?, ?)", rows.received);
    this.#each("DELETE FROM retained WHERE topic_name = ?", rows.deletedRetained);
    this.#all("INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?)", rows.retained);
    this.#each("DELETE FROM wills WHERE session_id = ?", rows.deletedWills);
    this.#all("INSERT OR REPLACE INTO wills VALUES (?, ?, ?)", rows.wills);
  }

  #all(sql: string, rows: readonly (readonly (number | string | Uint8Array | null)[])[]): void {
    if (rows.length === 0) return;
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

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  #checkpoint(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#logBytes = 0;
    this.#isUnsynced = false;
  }

  /** The log grows between checkpoints and is cut off by them, so its size tells what was written. */
  #logGrowth(): number {
    const { size } = Deno.statSync(`${this.#init.path}-wal`);
    const growth = size - this.#logBytes;
    this.#logBytes = size;
    return growth;
  }

  #wait(): void {
    if (this.#init.commitDelayMs === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#init.commitDelayMs);
  }
}

let writer: Writer | undefined;
/** Rows that could not be written yet. */
let pending: BatchRows | undefined;

function attempt(rows: BatchRows): void {
  try {
    self.postMessage(writer!.write(rows));
    pending = undefined;
  } catch (error) {
    pending = rows;
    const reason = error instanceof Error ? error.message : String(error);
    self.postMessage({ type: "failed", reason } satisfies CommitAnswer);
  }
}

self.onmessage = ({ data }: MessageEvent<WriterInit | BatchRows | "retry" | "close">) => {
  if (data === "retry") attempt(pending!);
  else if (data === "close") {
    writer?.close();
    self.postMessage({ type: "closed" } satisfies CommitAnswer);
  } else if ("path" in data) writer = new Writer(data);
  else attempt(data);
};
