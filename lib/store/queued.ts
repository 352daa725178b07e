import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { deliverySizeBytes } from "../session/mod.ts";
import { deliveryFromRow, type DeliveryRow, type Endless, messageFromRow } from "./rows.ts";

/** A row of the table `waiting` with its message, for the counts. */
type CountedRow = [
  ...DeliveryRow,
  packet: Uint8Array,
  publisher: string,
  expiresAtMs: Endless,
];

/** Rows that are counted at a time. */
const SLICE_ROWS = 500;

/**
 * Moves the messages that wait into a table of their own, and counts them; a file of an older version has them among the deliveries.
 * Such a file does not say which messages are shared by several deliveries, so all count as shared.
 */
export function separateWaiting(db: DatabaseSync): void {
  db.exec(`
    INSERT OR REPLACE INTO waiting
      SELECT d.session_id, d.sequence, d.message_id, d.flags | 8, d.identifiers, d.share, m.expires_at_ms
      FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.packet_id = 0;
    DELETE FROM deliveries WHERE packet_id = 0;
    UPDATE deliveries SET flags = flags | 8;`);
  countWaiting(db);
}

/** Counts all messages that wait, as the broker counts them. */
export function countWaiting(db: DatabaseSync): void {
  db.exec("DELETE FROM queues");
  const put = db.prepare("INSERT INTO queues VALUES (?, ?, ?, ?, ?)");
  const select = db.prepare(
    `SELECT w.sequence, w.session_id, w.message_id, w.flags, 0 AS packet_id, 0 AS release_order,
       w.identifiers, w.share, m.packet, m.publisher, m.expires_at_ms
     FROM waiting w JOIN messages m ON m.id = w.message_id
     WHERE w.session_id = ? AND w.sequence > ? ORDER BY w.sequence LIMIT ${SLICE_ROWS}`,
  );
  for (const row of db.prepare("SELECT DISTINCT session_id FROM waiting").all()) {
    const sessionId = row["session_id"] as number;
    const counts = { messages: 0, bytes: 0, qos0: 0, last: -1 };
    for (;;) {
      const rows = select.all(sessionId, counts.last).map((row) => Object.values(row));
      if (rows.length === 0) break;
      for (const row of rows) count(counts, row as unknown as CountedRow);
    }
    if (counts.messages === 0) continue;
    put.run(sessionId, counts.messages, counts.bytes, counts.qos0, counts.last);
  }
}

function count(
  counts: { messages: number; bytes: number; qos0: number; last: number },
  row: CountedRow,
): void {
  const [packet, publisher, expiresAtMs] = row.slice(8) as [Uint8Array, string, Endless];
  const message = messageFromRow(packet, publisher, expiresAtMs, row[2]);
  const delivery = deliveryFromRow(row.slice(0, 8) as DeliveryRow & SQLInputValue[], message);
  counts.messages++;
  counts.bytes += deliverySizeBytes(delivery);
  if (delivery.qos === 0) counts.qos0++;
  counts.last = delivery.sequence;
}
