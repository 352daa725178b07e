import type { DatabaseSync } from "node:sqlite";
import { separateWaiting } from "./queued.ts";

/**
 * The steps from an empty file to the present schema: step n makes version n of what version n-1 was. A step that was ever
 * released never changes; what comes later is a step of its own.
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
  // 2: wills that wait for their delay, and the shared subscription that a delivery came by.
  `CREATE TABLE wills (
     session_id INTEGER PRIMARY KEY,
     packet BLOB NOT NULL,
     due_at_ms REAL NOT NULL
   );
   ALTER TABLE deliveries ADD COLUMN share TEXT;`,
  // 3: the last time that the broker has seen, for a machine whose clock begins anew with each start.
  `CREATE TABLE clock (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     seen_at_ms REAL NOT NULL
   );`,
  // 4: whose a session is.
  `ALTER TABLE sessions ADD COLUMN owner TEXT;`,
  // 5: wills of connected clients, with the delay that begins when the client is gone. Whose session is not stored has a row among the
  // sessions all the same, with an expiry of 0.
  `ALTER TABLE wills ADD COLUMN delay_seconds REAL NOT NULL DEFAULT 0;
   ALTER TABLE wills ADD COLUMN is_orphan INTEGER NOT NULL DEFAULT 0;`,
  // 6: what waits has a table of its own, in the order in which it is read, and how much waits stands beside: a broker begins without
  // reading it. `queued.ts` moves there what stands among the deliveries, which are in flight from now on. Flags from 8 on: the message is, or
  // was, that of other deliveries too. Sessions that have ended and of which something waits still.
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
  // 7: how far a cluster's log has been applied to what is here.
  `CREATE TABLE cluster (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     position TEXT NOT NULL
   );`,
  // 8: what batches have changed of deliveries in flight, as `packed_flight.ts` packs it. A delivery that stands here has no row.
  `CREATE TABLE journal (
     id INTEGER PRIMARY KEY,
     batch BLOB NOT NULL
   );`,
  // 9: the user name of who has published a retained message, and the listener that it came by: without that nobody knows the user.
  `ALTER TABLE retained ADD COLUMN publisher_user TEXT;
   ALTER TABLE retained ADD COLUMN publisher_listener TEXT;`,
];

/** From this version on what waits has a table of its own. */
const QUEUED_VERSION = 6;

/** The schema that this program reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Brings a file to the present schema, in one transaction. Throws where a newer program has written it. */
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

/** The schema version of a file; 0: an empty one. */
export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()!["user_version"]);
}

/** The file is of a newer program. */
export class NewerSchemaError extends Error {
  /** `version`: the file's. */
  constructor(readonly version: number) {
    super(
      `Cannot read a store of schema ${version}: this program knows schemas up to ${SCHEMA_VERSION}, so run a newer one`,
    );
  }
}
