import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type ArrayStatement, arrayStatement } from "./array_statement.ts";
import { packQueue } from "./packed_queue.ts";
import { type Endless, fromEndless, type QueuedRow } from "./rows.ts";
import type { QueueRead } from "./writer_protocol.ts";

/** The most rows that are read at a time. Few, because rows beyond the limit in bytes are read in vain. */
const MAX_SLICE_ROWS = 64;
/** Larger packets, in bytes, are read one by one, and none in vain. */
const LARGE_BYTES = 1024;

/** A row of the statements below. */
type Columns = [
  sequence: number,
  messageId: number,
  flags: number,
  identifiers: string | null,
  packet: Uint8Array | null,
  publisher: string,
  expiresAtMs: Endless,
];

// SQLite knows the length of a packet without reading it.
const COLUMNS = `w.sequence, w.message_id, w.flags, w.identifiers,
  iif(length(m.packet) <= ${LARGE_BYTES}, m.packet, NULL), m.publisher, m.expires_at_ms`;
const PACKET = "SELECT packet FROM messages WHERE id = ?";
const NEXT = `SELECT ${COLUMNS} FROM waiting w JOIN messages m ON m.id = w.message_id
  WHERE w.session_id = ? AND w.sequence > ? AND w.share IS NULL ORDER BY w.sequence LIMIT ?`;
const EXPIRED = `SELECT ${COLUMNS}
  FROM waiting w INDEXED BY waiting_expiring JOIN messages m ON m.id = w.message_id
  WHERE w.session_id = ? AND w.expires_at_ms <= ? AND w.sequence > ? AND w.share IS NULL
  ORDER BY w.expires_at_ms LIMIT ?`;
const NEXT_EXPIRY = `SELECT min(expires_at_ms) AS ms FROM waiting INDEXED BY waiting_expiring
  WHERE session_id = ? AND expires_at_ms > ?`;

/** What was read, packed. */
export interface PackedPage {
  readonly rows: Uint8Array<ArrayBuffer>;
  readonly nextExpiryMs: number;
}

/** Reads parts of queues. It sees what is committed at that moment. */
export class QueueReader {
  readonly #next: ArrayStatement;
  readonly #expired: ArrayStatement;
  readonly #nextExpiry: StatementSync;
  readonly #packet: ArrayStatement;

  constructor(db: DatabaseSync) {
    this.#next = arrayStatement(db, NEXT);
    this.#expired = arrayStatement(db, EXPIRED);
    this.#nextExpiry = db.prepare(NEXT_EXPIRY);
    this.#packet = arrayStatement(db, PACKET);
  }

  /** Throws what SQLite throws. */
  read(query: QueueRead): PackedPage {
    return query.expiredAtMs === undefined
      ? { rows: packQueue(this.#readNext(query)), nextExpiryMs: Infinity }
      : this.#readExpired(query, query.expiredAtMs);
  }

  #readNext({ sessionId, afterSequence, maxMessages, maxBytes }: QueueRead): QueuedRow[] {
    const found: QueuedRow[] = [];
    let last = afterSequence;
    let sizeBytes = 0;
    while (found.length < maxMessages) {
      const limit = Math.min(MAX_SLICE_ROWS, maxMessages - found.length);
      const rows = this.#next.all(sessionId, last, limit) as Columns[];
      for (const columns of rows) {
        const row = this.#toRow(columns);
        sizeBytes += row.packet.length;
        if (found.length > 0 && sizeBytes > maxBytes) return found;
        found.push(row);
      }
      if (rows.length < limit) break;
      last = rows.at(-1)![0];
    }
    return found;
  }

  #readExpired(query: QueueRead, atMs: number): PackedPage {
    const { sessionId, afterSequence, maxMessages } = query;
    const limit = Math.min(maxMessages, MAX_SLICE_ROWS);
    const rows = this.#expired.all(sessionId, atMs, afterSequence, limit) as Columns[];
    // There may be more messages that have expired.
    const nextExpiryMs = rows.length === limit
      ? atMs
      : fromEndless(this.#nextExpiry.get(sessionId, atMs)!["ms"] as Endless & SQLInputValue);
    return { rows: packQueue(rows.map((row) => this.#toRow(row))), nextExpiryMs };
  }

  #toRow(
    [sequence, messageId, flags, identifiers, small, publisher, expiresAtMs]: Columns,
  ): QueuedRow {
    const packet = small ?? (this.#packet.all(messageId) as [[Uint8Array]])[0][0];
    return { sequence, messageId, flags, identifiers, packet, publisher, expiresAtMs };
  }
}
