import type { DatabaseSync } from "node:sqlite";
import type { KeptMessage, StoredDelivery, StoredSession, Subscription } from "../broker/mod.ts";
import {
  deliveryFromRow,
  type DeliveryRow,
  type Endless,
  fromEndless,
  messageFromRow,
  subscriptionFromRow,
  willFromRow,
} from "./rows.ts";

/** What a file holds, and the ids that are taken in it. */
export interface Loaded {
  readonly sessions: readonly StoredSession[];
  readonly retained: readonly KeptMessage[];
  readonly sessionIds: ReadonlyMap<string, number>;
  readonly nextSessionId: number;
  readonly nextMessageId: number;
}

/** A session while its parts are read. */
interface Parts {
  readonly subscriptions: Subscription[];
  readonly deliveries: StoredDelivery[];
  readonly received: number[];
}

/** Reads everything, and deletes rows that belong to nothing any more: a damaged file's rest may have such. */
export function load(db: DatabaseSync): Loaded {
  deleteOrphans(db);
  const parts = new Map<number, Parts>();
  const sessionRows = rowsOf<[number, string, Endless, Endless]>(
    db,
    "SELECT id, client_id, expiry_seconds, expires_at_ms FROM sessions",
  );
  for (const [id] of sessionRows) {
    parts.set(id, { subscriptions: [], deliveries: [], received: [] });
  }
  readSubscriptions(db, parts);
  readDeliveries(db, parts);
  for (
    const [sessionId, packetId] of rowsOf<[number, number]>(
      db,
      "SELECT session_id, packet_id FROM received",
    )
  ) parts.get(sessionId)?.received.push(packetId);
  const wills = new Map(
    rowsOf<[number, Uint8Array, number]>(db, "SELECT session_id, packet, due_at_ms FROM wills")
      .map(([id, packet, dueAtMs]) => [id, willFromRow(packet, dueAtMs)]),
  );
  return {
    sessions: sessionRows.map(([id, clientId, expirySeconds, expiresAtMs]) => ({
      clientId,
      expirySeconds: fromEndless(expirySeconds),
      expiresAtMs: fromEndless(expiresAtMs),
      ...parts.get(id)!,
      will: wills.get(id),
    })),
    retained: readRetained(db),
    sessionIds: new Map(sessionRows.map(([id, clientId]) => [clientId, id])),
    nextSessionId: nextId(db, "sessions"),
    nextMessageId: nextId(db, "messages"),
  };
}

function readSubscriptions(db: DatabaseSync, parts: ReadonlyMap<number, Parts>): void {
  const rows = rowsOf<[number, string, number, number]>(
    db,
    "SELECT session_id, topic_filter, flags, identifier FROM subscriptions",
  );
  for (const [sessionId, topicFilter, flags, identifier] of rows) {
    const subscription = subscriptionFromRow(topicFilter, flags, identifier);
    parts.get(sessionId)?.subscriptions.push(subscription);
  }
}

function readDeliveries(db: DatabaseSync, parts: ReadonlyMap<number, Parts>): void {
  const messages = new Map<number, KeptMessage>();
  const messageRows = rowsOf<[number, Uint8Array, string, Endless]>(
    db,
    "SELECT id, packet, publisher, expires_at_ms FROM messages",
  );
  for (const [id, packet, publisher, expiresAtMs] of messageRows) {
    messages.set(id, messageFromRow(packet, publisher, expiresAtMs, id));
  }
  const rows = rowsOf<DeliveryRow>(
    db,
    `SELECT sequence, session_id, message_id, flags, packet_id, is_released, identifiers, share
     FROM deliveries ORDER BY sequence`,
  );
  for (const row of rows) {
    const [, sessionId, messageId, , packetId, isReleased] = row;
    const message = messages.get(messageId);
    if (message === undefined) continue;
    parts.get(sessionId)?.deliveries.push({
      delivery: deliveryFromRow(row, message),
      packetId,
      state: isReleased === 1 ? "released" : "published",
    });
  }
}

function readRetained(db: DatabaseSync): KeptMessage[] {
  return rowsOf<[Uint8Array, string, Endless]>(
    db,
    "SELECT packet, publisher, expires_at_ms FROM retained",
  ).map(([packet, publisher, expiresAtMs]) => messageFromRow(packet, publisher, expiresAtMs, 0));
}

function deleteOrphans(db: DatabaseSync): void {
  db.exec(`BEGIN IMMEDIATE;
    DELETE FROM deliveries WHERE session_id NOT IN (SELECT id FROM sessions)
      OR message_id NOT IN (SELECT id FROM messages);
    DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM deliveries);
    DELETE FROM subscriptions WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM received WHERE session_id NOT IN (SELECT id FROM sessions);
    DELETE FROM wills WHERE session_id NOT IN (SELECT id FROM sessions);
    COMMIT`);
}

function nextId(db: DatabaseSync, table: "sessions" | "messages"): number {
  return rowsOf<[number]>(db, `SELECT coalesce(max(id), 0) + 1 FROM ${table}`)[0]![0];
}

/** The rows as arrays, in the order of the columns. */
function rowsOf<Row>(db: DatabaseSync, sql: string): Row[] {
  return db.prepare(sql).all().map((row) => Object.values(row)) as unknown as Row[];
}
