import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  flawOf,
  type FlightReader,
  type FlightRows,
  type PackedPut,
  readFlight,
  sealFlight,
  unpackPut,
} from "./packed_flight.ts";

/** From so many bytes on it is folded: at a start all of it is read, and a fold keeps what is to be written waiting. */
const LONG_BYTES = 2 * 1024 * 1024;
/** What an entry counts beside its bytes. */
const ENTRY_BYTES = 64;

/** The row of a message whose delivery is put in flight, or that of a delivery. */
const PUT_MESSAGE = "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)";
const PUT_DELIVERY = `INSERT OR REPLACE INTO deliveries
    (sequence, session_id, message_id, flags, packet_id, release_order, identifiers, share)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** An entry that makes no sense. */
export class JournalError extends Error {}

/** A row of the journal: what one batch has changed of deliveries in flight. */
interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Deliveries that it put and that are in flight still. */
  live: number;
}

/** A delivery that stands in the journal alone. */
interface Live {
  readonly entry: Entry;
  readonly put: PackedPut;
  /** `undefined`: as it was put. */
  state: readonly [packetId: number, releaseOrder: number] | undefined;
}

/**
 * Deliveries in flight, with their messages, that have no rows: a receiver that is there acknowledges most of them in milliseconds, and
 * a row of each would be written for nothing. What a batch changes of them is one row here; what is still in flight when the journal has
 * grown long, or when there is time, is folded into rows.
 *
 * A delivery stands here or has a row, never both. Nobody else needs to know: of what is in flight all stands in the broker's memory,
 * and is read when it begins.
 */
export class Journal implements FlightReader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #entries: Entry[] = [];
  #live = new Map<number, Live>();
  /** Ids of the messages that stand here. */
  #messages = new Set<number>();
  #sizeBytes = 0;
  #nextId = 1;
  /** The file may say something else. */
  #isStale = true;
  /** What is read at this moment. */
  #reading: Entry | undefined;
  #isReplay = false;
  #hits = 0;

  /** Throws what SQLite throws, and a {@linkcode JournalError} where an entry is damaged. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#refresh();
  }

  /** Whether nothing stands in it. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether it should be folded, however much there is to do. */
  get isLong(): boolean {
    return this.#sizeBytes >= LONG_BYTES;
  }

  /** Whether this message stands here. */
  hasMessage(id: number): boolean {
    this.#refresh();
    return this.#messages.has(id);
  }

  /** What stands here, as the rows that it would have. */
  *rows(): IterableIterator<FlightRows> {
    for (const { entry, put, state } of this.#live.values()) {
      const rows = unpackPut(entry.bytes, put);
      if (state !== undefined) [rows.delivery[4], rows.delivery[5]] = state;
      yield rows;
    }
  }

  /** Writes what `packFlight` has packed: a part of a transaction. Should that fail, {@linkcode mistrust} must be called. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#refresh();
    const entry: Entry = { id: this.#nextId, bytes, live: 0 };
    this.#read(entry, false);
    const dead = this.#dropDead();
    if (dead > 0) this.#run("DELETE FROM journal WHERE id <= ?", dead);
    // What undoes something that is not there any more has nothing to say.
    if (entry.live === 0 && (this.#hits === 0 || this.isEmpty)) return;
    sealFlight(bytes);
    this.#run("INSERT INTO journal VALUES (?, ?)", entry.id, bytes);
    this.#add(entry);
  }

  /** The transaction has failed, or nobody knows. */
  mistrust(): void {
    this.#isStale = true;
  }

  /** Gives all that stands here rows: a part of a transaction, after which {@linkcode empty} or {@linkcode mistrust} must be called. */
  fold(): void {
    this.#refresh();
    for (const { message, delivery } of this.rows()) {
      if (message !== undefined) this.#run(PUT_MESSAGE, ...message);
      this.#run(PUT_DELIVERY, ...delivery);
    }
    this.#db.exec("DELETE FROM journal");
  }

  /** All that stood here has rows. */
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
    else if (!this.#isReplay) this.#run("DELETE FROM deliveries WHERE sequence = ?", sequence);
  }

  /** {@linkcode FlightReader.change} */
  change(sequence: number, packetId: number, releaseOrder: number): void {
    const live = this.#live.get(sequence);
    if (live !== undefined) {
      live.state = [packetId, releaseOrder];
      this.#hits++;
    } else if (!this.#isReplay) {
      this.#run(
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
    // It is written again where nobody knows whether it has been.
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

  /** Those at the beginning of which nothing is left, since later ones may undo what earlier ones have put; returns the last one's id. */
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

  /** Reads what is in the file, where that may be something else. */
  #refresh(): void {
    if (!this.#isStale) return;
    this.empty();
    for (const row of this.#db.prepare("SELECT id, batch FROM journal ORDER BY id").all()) {
      this.#replay(Number(row["id"]), row["batch"]);
    }
    this.#isStale = false;
  }

  #replay(id: number, bytes: SQLInputValue | undefined): void {
    const flaw = bytes instanceof Uint8Array ? flawOf(bytes) : "it is no BLOB";
    if (flaw !== undefined) {
      throw new JournalError(`Cannot read entry ${id} of the journal: ${flaw}`);
    }
    const entry: Entry = { id, bytes: bytes as Uint8Array, live: 0 };
    this.#read(entry, true);
    this.#add(entry);
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
    statement.run(...values);
  }
}

/** Deletes the entries that are damaged: what can be read is left. */
export function dropDamagedEntries(db: DatabaseSync): void {
  const drop = db.prepare("DELETE FROM journal WHERE id = ?");
  for (const { id, batch } of db.prepare("SELECT id, batch FROM journal").all()) {
    if (!(batch instanceof Uint8Array) || flawOf(batch) !== undefined) drop.run(id!);
  }
}
