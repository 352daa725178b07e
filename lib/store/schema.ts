import type { DatabaseSync } from "node:sqlite";
import { separateWaiting } from "./queued.ts";

/**
 * The steps from an empty file to the present schema: step n upgrades version n-1 to version n. A released step never changes; later
 * changes are new steps.
 */
export const MIGRATIONS: readonly string[] = [
  // 1: sessions with what belongs to them, and retained messages.
  `CREATE TABLE sessions (
     id INTEGER PRIMARY KEY,
     client_id TEXT NOT NULL UNIQUE,
     expiry_seconds REAL,
     expires_at_ms REAL
   );
   CREATE TABLE subscriptions (
     session_id INTEGER NOT NULL,
     topic_filter TEXT NOT NULL,
     flags INTEGER NOT NULL,
     identifier INTEGER NOT NULL,
     PRIMARY KEY (session_id, topic_filter)
   ) WITHOUT ROWID;
   CREATE TABLE messages (
     id INTEGER PRIMARY KEY,
     packet BLOB NOT NULL,
     publisher TEXT NOT NULL,
     expires_at_ms REAL
   );
   CREATE TABLE deliveries (
     sequence INTEGER PRIMARY KEY,
     session_id INTEGER NOT NULL,
     message_id INTEGER NOT NULL,
     flags INTEGER NOT NULL,
     packet_id INTEGER NOT NULL,
     release_order INTEGER NOT NULL,
     identifiers TEXT
   );
   CREATE TABLE received (
     session_id INTEGER NOT NULL,
     packet_id INTEGER NOT NULL,
     PRIMARY KEY (session_id, packet_id)
   ) WITHOUT ROWID;
   CREATE TABLE retained (
     topic_name TEXT PRIMARY KEY,
     packet BLOB NOT NULL,
     publisher TEXT NOT NULL,
     expires_at_ms REAL
   ) WITHOUT ROWID;`,
  // 2: wills that wait for their delay, and the shared subscription of a delivery.
  `CREATE TABLE wills (
     session_id INTEGER PRIMARY KEY,
     packet BLOB NOT NULL,
     due_at_ms REAL NOT NULL
   );
   ALTER TABLE deliveries ADD COLUMN share TEXT;`,
  // 3: the last time that the broker has seen, for machines whose clock is wrong after a start.
  `CREATE TABLE clock (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     seen_at_ms REAL NOT NULL
   );`,
  // 4: the owner of a session.
  `ALTER TABLE sessions ADD COLUMN owner TEXT;`,
  // 5: wills of connected clients, with the delay that begins when the client is gone. For such a will, a session that is not stored
  // otherwise gets a row with an expiry of 0.
  `ALTER TABLE wills ADD COLUMN delay_seconds REAL NOT NULL DEFAULT 0;
   ALTER TABLE wills ADD COLUMN is_orphan INTEGER NOT NULL DEFAULT 0;`,
  // 6: waiting deliveries get a table of their own, in reading order, and the size of each queue is stored, so that a broker starts without
  // reading the queues. `queued.ts` moves them from the table of deliveries, which from now on are in flight. Flags of 8 and more mean that
  // the message has, or had, other deliveries. `ended` lists sessions that have ended but still have waiting deliveries.
  `CREATE TABLE waiting (
     session_id INTEGER NOT NULL,
     sequence INTEGER NOT NULL,
     message_id INTEGER NOT NULL,
     flags INTEGER NOT NULL,
     identifiers TEXT,
     share TEXT,
     expires_at_ms REAL,
     PRIMARY KEY (session_id, sequence)
   ) WITHOUT ROWID;
   CREATE INDEX waiting_sharing ON waiting (message_id) WHERE flags >= 8;
   CREATE INDEX waiting_expiring ON waiting (session_id, expires_at_ms)
     WHERE expires_at_ms IS NOT NULL;
   CREATE INDEX waiting_shares ON waiting (session_id) WHERE share IS NOT NULL;
   CREATE INDEX deliveries_sharing ON deliveries (message_id) WHERE flags >= 8;
   CREATE TABLE queues (
     session_id INTEGER PRIMARY KEY,
     messages INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     qos0_messages INTEGER NOT NULL,
     last_sequence INTEGER NOT NULL
   );
   CREATE TABLE ended (session_id INTEGER PRIMARY KEY);`,
  // 7: how far a cluster's log has been applied.
  `CREATE TABLE cluster (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     position TEXT NOT NULL
   );`,
  // 8: changes of deliveries in flight, one row a batch, packed by `packed_flight.ts`. A delivery in the journal has no row.
  `CREATE TABLE journal (
     id INTEGER PRIMARY KEY,
     batch BLOB NOT NULL
   );`,
  // 9: the user name and the listener of a retained message's publisher. If the listener is missing, the user is unknown.
  `ALTER TABLE retained ADD COLUMN publisher_user TEXT;
   ALTER TABLE retained ADD COLUMN publisher_listener TEXT;`,
  // 10: messages that nodes of a cluster have to deliver to members of shared subscriptions. `node` is empty where none has a member.
  `CREATE TABLE shared (
     share TEXT NOT NULL,
     log_id INTEGER NOT NULL,
     node TEXT NOT NULL,
     at INTEGER NOT NULL,
     packet BLOB NOT NULL,
     publisher TEXT NOT NULL,
     expires_at_ms REAL,
     PRIMARY KEY (share, log_id)
   ) WITHOUT ROWID;`,
];

/** From this version on waiting deliveries have a table of their own. */
const QUEUED_VERSION = 6;

/** The schema that this program reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Upgrades a file to the present schema in one transaction. Throws if a newer program has written it. */
export function migrate(db: DatabaseSync): void {
  const version = schemaVersion(db);
  if (version > SCHEMA_VERSION) {
    throw new NewerSchemaError(version);
  }
  if (version === SCHEMA_VERSION) return;
  db.exec("BEGIN IMMEDIATE");
  for (const step of MIGRATIONS.slice(version)) db.exec(step);
  if (version > 0 && version < QUEUED_VERSION) separateWaiting(db);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  db.exec("COMMIT");
}

/** The schema version of a file; 0 for an empty one. */
export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()!["user_version"]);
}

/** A newer program has written the file. */
export class NewerSchemaError extends Error {
  /** `version` is the schema version of the file. */
  constructor(readonly version: number) {
    super(
      `Cannot read a store of schema ${version}: this program knows schemas up to ${SCHEMA_VERSION}, so run a newer one`,
    );
  }
}
