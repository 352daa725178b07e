import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type {
  KeptMessage,
  Message,
  StoredDelivery,
  StoredSession,
  Subscription,
} from "../broker/mod.ts";
import {
  deliveryFromRow,
  type DeliveryRow,
  fromEndless,
  messageFromRow,
  type MessageRow,
  type RetainedRow,
  type SessionRow,
  subscriptionFromRow,
  type SubscriptionRow,
  willFromRow,
  type WillRow,
} from "./rows.ts";

/** What a file holds, and the numbers that are taken in it. */
export interface LoadedRows {
  readonly sessions: readonly StoredSession[];
  readonly retained: readonly Message[];
  readonly sessionIds: ReadonlyMap<string, number>;
  readonly nextSessionId: number;
  readonly nextMessageId: number;
  readonly nextReleaseOrder: number;
  /** Whether the file can give back what it does not use any more: one of an older program cannot. */
  readonly canShrink: boolean;
  /** Bytes of the file that are in use. */
  readonly usedBytes: number;
}

/** Rows that are read at a time. */
const SLICE_ROWS = 500;

/** A session while its parts are read. */
interface Parts {
  readonly subscriptions: Subscription[];
  readonly deliveries: StoredDelivery[];
  readonly received: number[];
}

/** Reads everything. Throws where a row makes no sense. */
export function load(db: DatabaseSync): LoadedRows {
  const sessionRows = rowsOf<SessionRow>(
    db,
    "SELECT id, client_id, expiry_seconds, expires_at_ms, owner FROM sessions",
  );
  const parts = new Map<number, Parts>();
  for (const [id] of sessionRows) {
    parts.set(id, { subscriptions: [], deliveries: [], received: [] });
  }
  readSubscriptions(db, parts);
  readDeliveries(db, parts);
  readReceived(db, parts);
  const wills = new Map(
    rowsOf<WillRow>(db, "SELECT session_id, packet, due_at_ms, delay_seconds, is_orphan FROM wills")
      .map((row) => [row[0], willFromRow(row)]),
  );
  return {
    sessions: sessionRows.map(([id, clientId, expirySeconds, expiresAtMs, owner]) => ({
      clientId,
      expirySeconds: fromEndless(expirySeconds),
      expiresAtMs: fromEndless(expiresAtMs),
      ...owner === null ? {} : { owner },
      ...parts.get(id)!,
      will: wills.get(id),
    })),
    retained: readRetained(db),
    sessionIds: new Map(sessionRows.map(([id, clientId]) => [clientId, id])),
    ...readNumbers(db),
  };
}

function readSubscriptions(db: DatabaseSync, parts: ReadonlyMap<number, Parts>): void {
  const rows = rowsOf<SubscriptionRow>(
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
  const messageSlices = slicesOf<MessageRow>(
    db,
    `SELECT id, packet, publisher, expires_at_ms FROM messages
     WHERE id > ? ORDER BY id LIMIT ?`,
    0,
  );
  for (const rows of messageSlices) {
    for (const [id, packet, publisher, expiresAtMs] of rows) {
      messages.set(id, messageFromRow(packet, publisher, expiresAtMs, id));
    }
  }
  const released: DeliveryRow[] = [];
  const deliverySlices = slicesOf<DeliveryRow>(
    db,
    `SELECT sequence, session_id, message_id, flags, packet_id, release_order, identifiers, share
     FROM deliveries WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    0,
  );
  for (const rows of deliverySlices) {
    for (const row of rows) {
      if (row[5] > 0) released.push(row);
      else addDelivery(row, messages, parts);
    }
  }
  released.sort((a, b) => a[5] - b[5]);
  for (const row of released) addDelivery(row, messages, parts);
}

function addDelivery(
  row: DeliveryRow,
  messages: ReadonlyMap<number, KeptMessage>,
  parts: ReadonlyMap<number, Parts>,
): void {
  const [, sessionId, messageId, , packetId, releaseOrder] = row;
  const message = messages.get(messageId);
  const session = parts.get(sessionId);
  if (message === undefined || session === undefined) return;
  const delivery = deliveryFromRow(row, message);
  session.deliveries.push({
    delivery,
    packetId,
    state: releaseOrder > 0 ? "released" : "published",
  });
}

function readReceived(db: DatabaseSync, parts: ReadonlyMap<number, Parts>): void {
  const rows = rowsOf<[number, number]>(db, "SELECT session_id, packet_id FROM received");
  for (const [sessionId, packetId] of rows) parts.get(sessionId)?.received.push(packetId);
}

function readRetained(db: DatabaseSync): Message[] {
  const retained: Message[] = [];
  const slices = slicesOf<RetainedRow>(
    db,
    `SELECT topic_name, packet, publisher, expires_at_ms FROM retained
     WHERE topic_name > ? ORDER BY topic_name LIMIT ?`,
    "",
  );
  for (const rows of slices) {
    for (const [, packet, publisher, expiresAtMs] of rows) {
      retained.push(messageFromRow(packet, publisher, expiresAtMs, 0));
    }
  }
  return retained;
}

/** In one statement: the start waits for each. What was deleted leaves room in the file, which does not shrink. */
function readNumbers(db: DatabaseSync) {
  const [numbers] = rowsOf<[number, number, number, number, number]>(
    db,
    `SELECT (SELECT coalesce(max(id), 0) + 1 FROM sessions),
       (SELECT coalesce(max(id), 0) + 1 FROM messages),
       (SELECT coalesce(max(release_order), 0) + 1 FROM deliveries),
       (page_count - freelist_count) * page_size, auto_vacuum
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size, pragma_auto_vacuum`,
  );
  const [nextSessionId, nextMessageId, nextReleaseOrder, usedBytes, autoVacuum] = numbers!;
  return { nextSessionId, nextMessageId, nextReleaseOrder, usedBytes, canShrink: autoVacuum > 0 };
}

/** All rows at once: of what is small. */
function rowsOf<Row extends readonly SQLInputValue[]>(db: DatabaseSync, sql: string): Row[] {
  return arrayStatement(db, sql).all() as unknown as Row[];
}

/**
 * The rows of a large table, a slice at a time, so that a row is garbage before the next ones are read. The first column is the
 * key; `before` is less than any. The statement gets the last key that was read, and how many rows it may give.
 */
function* slicesOf<Row extends readonly [number | string, ...SQLInputValue[]]>(
  db: DatabaseSync,
  sql: string,
  before: Row[0],
): Generator<Row[]> {
  const statement = arrayStatement(db, sql);
  let last: Row[0] = before;
  for (;;) {
    const rows = statement.all(last, SLICE_ROWS) as unknown as Row[];
    if (rows.length === 0) return;
    yield rows;
    last = rows.at(-1)![0];
  }
}

/** A statement whose rows are arrays, in the order of the columns: five times as fast as objects. */
function arrayStatement(db: DatabaseSync, sql: string): ArrayStatement {
  const statement: StatementSync & { setReturnArrays?(isOn: boolean): void } = db.prepare(sql);
  if (statement.setReturnArrays !== undefined) {
    statement.setReturnArrays(true);
    return statement;
  }
  // The types do not know it yet, and Deno itself not before 2.9.
  return { all: (...values) => statement.all(...values).map((row) => Object.values(row)) };
}

interface ArrayStatement {
  all(...values: SQLInputValue[]): unknown[];
}
