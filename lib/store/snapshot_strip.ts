import type { DatabaseSync } from "node:sqlite";
import { countWaiting } from "./queued.ts";
import { encodeMessage, SHARED_FLAG } from "./rows.ts";
import { DELETE_UNUSED_MESSAGES } from "./statements.ts";

/** Sessions that belong to a node of the cluster: behind the owner stands the node. `ownerWithHome` of the broker writes it. */
export const SHARED = "owner LIKE '%]%' AND owner NOT LIKE '%]'";
/** Messages that are not in the cluster's log: `publisherText` begins with a mark and the message's place, if it has one. */
const NOT_LOGGED = `SELECT id FROM messages
  WHERE substr(publisher, 1, 1) <> char(1) OR substr(publisher, 1, 3) = char(1) || '0' || char(1)`;

/** A QoS 2 message of a shared subscription that this client alone gets: no node has to deliver it any more. */
const IS_SENT = `share IS NOT NULL AND flags & 3 = 2 AND message_id NOT IN (${NOT_LOGGED})
  AND NOT EXISTS (SELECT 1 FROM shared WHERE shared.share = deliveries.share AND shared.log_id =
    (SELECT CAST(substr(publisher, 2) AS INTEGER) FROM messages WHERE id = deliveries.message_id))`;

/** The tables of what belongs to a session, by `session_id`. */
export const SESSION_TABLES: readonly string[] = [
  "subscriptions",
  "received",
  "wills",
  "queues",
  "waiting",
  "deliveries",
];

/** Deletes from a copy of a node's store what belongs to that node alone. */
export function strip(db: DatabaseSync): void {
  db.exec(`DELETE FROM sessions WHERE owner IS NULL OR NOT (${SHARED}); DELETE FROM ended`);
  for (const table of SESSION_TABLES) {
    db.exec(`DELETE FROM ${table} WHERE session_id NOT IN (SELECT id FROM sessions)`);
  }
  const isOwn = `share IS NOT NULL OR message_id IN (${NOT_LOGGED})`;
  const isHeld = `flags & 3 = 2 AND (release_order > 0 OR message_id IN (${NOT_LOGGED}))`;
  const standIn = putStandIn(db, `(${isOwn}) AND ${isHeld}`);
  db.prepare(`DELETE FROM deliveries WHERE (${isOwn}) AND NOT (${IS_SENT}) AND message_id <> ?`)
    .run(standIn);
  const { changes } = db.prepare(`DELETE FROM waiting WHERE ${isOwn}`).run();
  db.exec(DELETE_UNUSED_MESSAGES);
  if (Number(changes) > 0) countWaiting(db);
}

/**
 * Of a QoS 2 message that its node alone has in flight, the client holds the Packet Identifier: something empty stands for it, which is
 * released. Returns the number of that message.
 */
function putStandIn(db: DatabaseSync, isSuch: string): number {
  const packet = encodeMessage(
    { topicName: "", payload: new Uint8Array(0), qos: 2, retain: false },
    undefined,
  );
  const isOf = db.prepare(`SELECT 1 FROM deliveries WHERE ${isSuch} LIMIT 1`);
  if (isOf.get() === undefined) return 0;
  const released = greatest(db, "max(release_order)", "deliveries");
  const change = db.prepare(
    `UPDATE deliveries SET message_id = -1, flags = ?, share = NULL, identifiers = NULL,
       release_order = iif(release_order > 0, release_order, ? + sequence) WHERE ${isSuch}`,
  );
  change.run(2 | SHARED_FLAG, released);
  const id = greatest(db, "max(id)", "messages") + 1;
  db.prepare("INSERT INTO messages (id, packet, publisher) VALUES (?, ?, '')").run(id, packet);
  db.prepare("UPDATE deliveries SET message_id = ? WHERE message_id = -1").run(id);
  return id;
}

/** The greatest of some values, given each with its table; 0: there is none. */
export function greatest(db: DatabaseSync, ...parts: readonly string[]): number {
  const [value = "", table = "", ...more] = parts;
  const row = db.prepare(`SELECT coalesce(${value}, 0) AS n FROM ${table}`).get()!;
  return Math.max(Number(row["n"]), more.length === 0 ? 0 : greatest(db, ...more));
}
