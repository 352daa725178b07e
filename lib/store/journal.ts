import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import {
  flawOf,
  type FlightReader,
  type FlightRows,
  type PackedPut,
  readFlight,
  sealFlight,
  unpackPut,
} from "./packed_flight.ts";
import { Statements } from "./statements.ts";

/**
 * The size from which the journal is folded, bytes. A longer one would delay the start, which reads all of it, and the fold, which delays
 * writes.
 */
const LONG_BYTES = 2 * 1024 * 1024;
/** The bytes that an entry counts beside its own. */
const ENTRY_BYTES = 64;

/** Writes the row of a message or of a delivery in flight. */
const PUT_MESSAGE = "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)";
const PUT_DELIVERY = `INSERT OR REPLACE INTO deliveries
    (sequence, session_id, message_id, flags, packet_id, release_order, identifiers, share)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** An entry is invalid. */
export class JournalError extends Error {}

/** A row of the journal: the changes of deliveries in flight by one batch. */
interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Deliveries that this entry put in flight and that still are. */
  live: number;
}

/** A delivery that is only in the journal. */
interface Live {
  readonly entry: Entry;
  readonly put: PackedPut;
  /** A later state; `undefined` if it has not changed. */
  state: readonly [packetId: number, releaseOrder: number] | undefined;
}

/**
 * Deliveries in flight, with their messages, that have no rows. A connected receiver acknowledges most of them within milliseconds, and a
 * row for each would be written in vain. Instead, a batch writes its changes as one row of the journal. When the journal has grown long, or
 * when there is time, the deliveries still in flight are folded into rows.
 *
 * A delivery is in the journal or has a row, never both. No other part needs to know, because the broker has all deliveries in flight in
 * memory and reads them only at the start.
 */
export class Journal implements FlightReader {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  #entries: Entry[] = [];
  #live = new Map<number, Live>();
  /** Ids of the messages that are only in the journal. */
  #messages = new Set<number>();
  #sizeBytes = 0;
  #nextId = 1;
  /** Whether the file may differ from the state in memory. */
  #isStale = true;
  /** The entry being read. */
  #reading: Entry | undefined;
  #isReplay = false;
  #hits = 0;

  /** Throws SQLite's errors, and a {@linkcode JournalError} if an entry is damaged. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new Statements(db);
    this.#refresh();
  }

  /** Whether the journal is empty. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether it should be folded even when the store is busy. */
  get isLong(): boolean {
    return this.#sizeBytes >= LONG_BYTES;
  }

  /** Whether this message is only in the journal. */
  hasMessage(id: number): boolean {
    this.#refresh();
    return this.#messages.has(id);
  }

  /** The deliveries of the journal, in the form of the rows that they would have. */
  *rows(): IterableIterator<FlightRows> {
    for (const { entry, put, state } of this.#live.values()) {
      const rows = unpackPut(entry.bytes, put);
      if (state !== undefined) [rows.delivery[4], rows.delivery[5]] = state;
      yield rows;
    }
  }

  /** Writes the result of `packFlight`, within a transaction. If that fails, {@linkcode mistrust} must be called. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#refresh();
    const entry: Entry = { id: this.#nextId, bytes, live: 0 };
    this.#read(entry, false);
    const dead = this.#dropDead();
    if (dead > 0) this.#statements.run("DELETE FROM journal WHERE id <= ?", dead);
    // An entry that puts nothing and changes nothing in the journal need not be written.
    if (entry.live === 0 && (this.#hits === 0 || this.isEmpty)) return;
    sealFlight(bytes);
    this.#statements.run("INSERT INTO journal VALUES (?, ?)", entry.id, bytes);
    this.#add(entry);
  }

  /** Call it if the transaction has failed, or may have. */
  mistrust(): void {
    this.#isStale = true;
  }

  /** Writes rows for all deliveries of the journal, within a transaction. Call {@linkcode empty} or {@linkcode mistrust} afterwards. */
  fold(): void {
    this.#refresh();
    for (const { message, delivery } of this.rows()) {
      if (message !== undefined) this.#statements.run(PUT_MESSAGE, ...message);
      this.#statements.run(PUT_DELIVERY, ...delivery);
    }
    this.#db.exec("DELETE FROM journal");
  }

  /** Empties the state in memory, because all deliveries have rows now. */
  empty(): void {
    this.#entries = [];
    this.#live = new Map();
    this.#messages = new Set();
    this.#sizeBytes = 0;
  }

  /** {@linkcode FlightReader.delete} */
  delete(sequence: number): void {
    const live = this.#live.get(sequence);
    if (live !== undefined) this.#drop(live);
    else if (!this.#isReplay) {
      this.#statements.run("DELETE FROM deliveries WHERE sequence = ?", sequence);
    }
  }

  /** {@linkcode FlightReader.change} */
  change(sequence: number, packetId: number, releaseOrder: number): void {
    const live = this.#live.get(sequence);
    if (live !== undefined) {
      live.state = [packetId, releaseOrder];
      this.#hits++;
    } else if (!this.#isReplay) {
      this.#statements.run(
        "UPDATE deliveries SET packet_id = ?, release_order = ? WHERE sequence = ?",
        packetId,
        releaseOrder,
        sequence,
      );
    }
  }

  /** {@linkcode FlightReader.put} */
  put(put: PackedPut): void {
    const before = this.#live.get(put.sequence);
    // A batch is written again if it is unknown whether it was written.
    if (before !== undefined) this.#drop(before);
    const entry = this.#reading!;
    this.#live.set(put.sequence, { entry, put, state: undefined });
    if (put.isWhole) this.#messages.add(put.messageId);
    entry.live++;
  }

  #drop({ entry, put }: Live): void {
    this.#live.delete(put.sequence);
    if (put.isWhole) this.#messages.delete(put.messageId);
    entry.live--;
    this.#hits++;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#nextId = entry.id + 1;
    this.#sizeBytes += entry.bytes.length + ENTRY_BYTES;
  }

  /**
   * Removes the entries at the beginning without live deliveries. Only those, because later entries may undo what earlier ones have put.
   * Returns the id of the last one removed.
   */
  #dropDead(): number {
    const end = this.#entries.findIndex(({ live }) => live > 0);
    const dead = end === -1 ? this.#entries.splice(0) : this.#entries.splice(0, end);
    for (const { bytes } of dead) this.#sizeBytes -= bytes.length + ENTRY_BYTES;
    return dead.at(-1)?.id ?? 0;
  }

  #read(entry: Entry, isReplay: boolean): void {
    this.#reading = entry;
    this.#isReplay = isReplay;
    this.#hits = 0;
    readFlight(entry.bytes, this);
  }

  /** Reads the file again if the state in memory may differ. */
  #refresh(): void {
    if (!this.#isStale) return;
    this.empty();
    for (const row of this.#db.prepare("SELECT id, batch FROM journal ORDER BY id").all()) {
      this.#replay(Number(row["id"]), row["batch"]);
    }
    this.#isStale = false;
  }

  #replay(id: number, bytes: SQLInputValue | undefined): void {
    const flaw = bytes instanceof Uint8Array ? flawOf(bytes) : "it is not a BLOB";
    if (flaw !== undefined) {
      throw new JournalError(`Cannot read entry ${id} of the journal: ${flaw}`);
    }
    const entry: Entry = { id, bytes: bytes as Uint8Array, live: 0 };
    this.#read(entry, true);
    this.#add(entry);
  }
}

/** Deletes damaged entries; the readable ones stay. */
export function dropDamagedEntries(db: DatabaseSync): void {
  const drop = db.prepare("DELETE FROM journal WHERE id = ?");
  for (const { id, batch } of db.prepare("SELECT id, batch FROM journal").all()) {
    if (!(batch instanceof Uint8Array) || flawOf(batch) !== undefined) drop.run(id!);
  }
}
