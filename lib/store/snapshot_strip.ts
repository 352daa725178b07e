import type { DatabaseSync } from "node:sqlite";
import { countWaiting } from "./queued.ts";
import { messageRow } from "./rows.ts";
import { DELETE_UNUSED_MESSAGES } from "./statements.ts";

/** Sessions that belong to a node of the cluster: behind the owner stands the node. `ownerWithHome` of the broker writes it. */
export const SHARED = "owner LIKE '%]%' AND owner NOT LIKE '%]'";
/** Messages that are not in the cluster's log: `publisherText` begins with a mark and the message's place, if it has one. */
export const NOT_LOGGED = `SELECT id FROM messages
  WHERE substr(publisher, 1, 1) <> char(1) OR substr(publisher, 1, 3) = char(1) || '0' || char(1)`;
/** Deliveries that their node alone has. */
const OWN = `(share IS NOT NULL OR message_id IN (${NOT_LOGGED}))`;
/** What belongs to a session, by `session_id`. */
export const SESSION_TABLES: readonly string[] = [
  "subscriptions",
  "received",
  "wills",
  "queues",
  "waiting",
  "deliveries",
];
/** The flags of a delivery of QoS 2 that shares its message. */
const SHARED_QOS2 = 8 | 2;

/** Deletes from a copy of a node's store what belongs to that node alone. */
export function strip(db: DatabaseSync): void {
  db.exec(`DELETE FROM sessions WHERE owner IS NULL OR NOT (${SHARED}); DELETE FROM ended`);
  for (const table of SESSION_TABLES) {
    db.exec(`DELETE FROM ${table} WHERE session_id NOT IN (SELECT id FROM sessions)`);
  }
  const standIn = standInFlight(db);
  db.exec(`DELETE FROM deliveries WHERE ${OWN} AND message_id <> ${standIn}`);
  const { changes } = db.prepare(`DELETE FROM waiting WHERE ${OWN}`).run();
  db.exec(DELETE_UNUSED_MESSAGES);
  if (Number(changes) > 0) countWaiting(db);
}

/**
 * Puts a message without content in the place of each QoS 2 message in flight that its node alone has, as other nodes have it by the log: the client
 * remembers their Packet Identifiers, and no other message may have them. [MQTT-4.3.3-10] Returns the number of that message.
 */
function standInFlight(db: DatabaseSync): number {
  const id = Number(db.prepare("SELECT coalesce(max(id), 0) + 1 AS n FROM messages").get()!["n"]);
  db.prepare("INSERT INTO messages (id, packet, publisher, expires_at_ms) VALUES (?, ?, ?, ?)")
    .run(...messageRow({ id, message: { ...NOTHING, storeId: id } }));
  db.exec(`UPDATE deliveries SET message_id = ${id}, flags = ${SHARED_QOS2}, identifiers = NULL,
      share = NULL, release_order = (SELECT max(release_order) + 1 FROM deliveries)
    WHERE packet_id > 0 AND flags & 3 = 2 AND ${OWN}`);
  return id;
}

const NOTHING = {
  topicName: "",
  payload: new Uint8Array(0),
  qos: 2,
  retain: false,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId: "",
} as const;
