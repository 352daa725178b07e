import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { Journal } from "./journal.ts";
import { arrayStatement } from "./array_statement.ts";
import { type LoadedRetained, readRetained } from "./load_retained.ts";
import type {
  KeptMessage,
  QueueCounts,
  SharedDelivery,
  StoredDelivery,
  StoredSession,
  Subscription,
} from "../broker/mod.ts";
import {
  deliveryFromRow,
  type DeliveryRow,
  type Endless,
  fromEndless,
  messageFromRow,
  type MessageRow,
  type QueueRow,
  type SessionRow,
  subscriptionFromRow,
  type SubscriptionRow,
  willFromRow,
  type WillRow,
} from "./rows.ts";
import { ALL_SHARED, sharedFromRow, type SharedRow } from "./shared_rows.ts";
import { slicesOf } from "./slices.ts";

/** The contents of a file, and the numbers used in it. */
export interface LoadedRows extends LoadedRetained {
  readonly sessions: readonly StoredSession[];
  readonly sessionIds: ReadonlyMap<string, number>;
  readonly nextSessionId: number;
  readonly nextMessageId: number;
  readonly nextReleaseOrder: number;
  readonly nextSequence: number;
  /** Ids of messages that are in the journal, each with its only delivery. */
  readonly soleMessages: ReadonlySet<number>;
  /** How far a cluster's log has been applied; absent without a cluster. */
  readonly position?: string;
  /** What nodes of the cluster have to deliver to shared subscriptions. */
  readonly shared: readonly SharedDelivery[];
  /** Whether unused pages can be removed from the file; a file made by an older program cannot shrink. */
  readonly canShrink: boolean;
  /** The used bytes of the file. */
  readonly usedBytes: number;
}

/** Queues up to this size are loaded, for each session and in all: messages, and bytes as counted against the limits. */
const LOADED_MESSAGES = 256;
const LOADED_BYTES = 8 * 1024 * 1024;

/** Retained messages up to this size are loaded, with what each takes beside its packet. */
const LOADED_RETAINED_BYTES = 16 * 1024 * 1024;

/** A delivery with its message. */
type DeliveryWithMessage = [
  ...DeliveryRow,
  packet: Uint8Array,
  publisher: string,
  expiresAtMs: Endless,
];

const WAITING =
  `SELECT w.sequence, w.session_id, w.message_id, w.flags, 0, 0, w.identifiers, w.share, m.packet,
     m.publisher, m.expires_at_ms
   FROM waiting w JOIN messages m ON m.id = w.message_id WHERE w.session_id = ?`;

/** The parts of a session while they are read. */
interface Parts {
  readonly subscriptions: Subscription[];
  readonly deliveries: StoredDelivery[];
  readonly received: number[];
  queue?: QueueCounts;
}

/** Reads the state that the broker begins with; of long queues and many retained messages only names and sizes. Throws if a row is invalid. */
export function load(db: DatabaseSync): LoadedRows {
  const retainedBytes = LOADED_RETAINED_BYTES;
  return read(db, { messages: LOADED_MESSAGES, bytes: LOADED_BYTES, retainedBytes });
}

/** Reads a file with whole queues, for a broker that has no store to read them from. */
export function loadAll(db: DatabaseSync): LoadedRows {
  return read(db, { messages: Infinity, bytes: Infinity, retainedBytes: Infinity });
}

/** What is loaded. */
interface LoadLimits {
  /** Of one session. */
  readonly messages: number;
  /** Of all sessions. */
  readonly bytes: number;
  /** Of retained messages. */
  readonly retainedBytes: number;
}

function read(db: DatabaseSync, limits: LoadLimits): LoadedRows {
  const sessionRows = rowsOf<SessionRow>(
    db,
    "SELECT id, client_id, expiry_seconds, expires_at_ms, owner FROM sessions",
  );
  const parts = new Map<number, Parts>();
  for (const [id] of sessionRows) {
    parts.set(id, { subscriptions: [], deliveries: [], received: [] });
  }
  readSubscriptions(db, parts);
  const flight = readJournal(db);
  readDeliveries(db, parts, flight, limits);
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
    ...readRetained(db, limits.retainedBytes),
    ...readPosition(db),
    shared: rowsOf<SharedRow>(db, ALL_SHARED).map(sharedFromRow),
    sessionIds: new Map(sessionRows.map(([id, clientId]) => [clientId, id])),
    soleMessages: flight.soleMessages,
    ...readNumbers(db, flight),
  };
}

/** The deliveries in flight that have no row. */
interface Flight {
  readonly rows: readonly DeliveryWithMessage[];
  readonly soleMessages: ReadonlySet<number>;
}

function readJournal(db: DatabaseSync): Flight {
  const journal = new Journal(db);
  if (journal.isEmpty) return { rows: [], soleMessages: new Set() };
  const messageOf = arrayStatement(
    db,
    "SELECT id, packet, publisher, expires_at_ms FROM messages WHERE id = ?",
  );
  const rows: DeliveryWithMessage[] = [];
  const soleMessages = new Set<number>();
  for (const { delivery, message } of journal.rows()) {
    const found = message ?? messageOf.all(delivery[2])[0] as MessageRow | undefined;
    if (message !== undefined) soleMessages.add(message[0]);
    if (found !== undefined) rows.push([...delivery, found[1], found[2], found[3]]);
  }
  return { rows, soleMessages };
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

/** Reads the deliveries in flight, and those waiting ones that the broker keeps in memory. */
function readDeliveries(
  db: DatabaseSync,
  parts: ReadonlyMap<number, Parts>,
  flight: Flight,
  limits: LoadLimits,
): void {
  const released: DeliveryWithMessage[] = [];
  const messages = new Map<number, KeptMessage>();
  const add = (row: DeliveryWithMessage) => addDelivery(row, messages, parts);
  const slices = slicesOf<DeliveryWithMessage>(
    db,
    `SELECT d.sequence, d.session_id, d.message_id, d.flags, d.packet_id, d.release_order, d.identifiers,
       d.share, m.packet, m.publisher, m.expires_at_ms
     FROM deliveries d JOIN messages m ON m.id = d.message_id
     WHERE d.sequence > ? ORDER BY d.sequence LIMIT ?`,
    0,
  );
  for (const rows of [flight.rows, ...slices]) {
    for (const row of rows) {
      if (row[5] > 0) released.push(row);
      else add(row);
    }
  }
  readWaiting(db, parts, limits, add);
  for (const { deliveries } of parts.values()) {
    deliveries.sort((a, b) => a.delivery.sequence - b.delivery.sequence);
  }
  released.sort((a, b) => a[5] - b[5]);
  released.forEach(add);
}

/** Reads whole queues if they are short and not too many; of the others, only deliveries of shared subscriptions. */
function readWaiting(
  db: DatabaseSync,
  parts: ReadonlyMap<number, Parts>,
  limits: LoadLimits,
  add: (row: DeliveryWithMessage) => void,
): void {
  const whole = arrayStatement(db, `${WAITING} ORDER BY w.sequence`);
  const shares = arrayStatement(
    db,
    `${WAITING.replace("waiting w", "waiting w INDEXED BY waiting_shares")} AND w.share IS NOT NULL
     ORDER BY w.sequence`,
  );
  let leftBytes = limits.bytes;
  const queues = rowsOf<QueueRow>(
    db,
    "SELECT session_id, messages, bytes, qos0_messages, last_sequence FROM queues",
  );
  for (const [sessionId, messages, bytes, qos0Messages] of queues) {
    const session = parts.get(sessionId);
    if (session === undefined || messages === 0) continue;
    const isWhole = messages <= limits.messages && bytes <= leftBytes;
    if (isWhole) leftBytes -= bytes;
    else session.queue = { messages, bytes, qos0Messages };
    for (const row of (isWhole ? whole : shares).all(sessionId)) add(row as DeliveryWithMessage);
  }
}

function addDelivery(
  row: DeliveryWithMessage,
  messages: Map<number, KeptMessage>,
  parts: ReadonlyMap<number, Parts>,
): void {
  const [sequence, sessionId, messageId, flags, packetId, releaseOrder, identifiers, share] = row;
  const session = parts.get(sessionId);
  if (session === undefined) return;
  let message = messages.get(messageId);
  if (message === undefined) {
    message = messageFromRow(row[8], row[9], row[10], messageId);
    messages.set(messageId, message);
  }
  const delivery = deliveryFromRow(
    [sequence, sessionId, messageId, flags, packetId, releaseOrder, identifiers, share],
    message,
  );
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

function readPosition(db: DatabaseSync): { position?: string } {
  const [row] = rowsOf<[string]>(db, "SELECT position FROM cluster");
  return row === undefined ? {} : { position: row[0] };
}

/**
 * Reads all numbers in one statement, because each one delays the start. Free pages do not count as used: deleting leaves them in the file,
 * which does not shrink.
 */
function readNumbers(db: DatabaseSync, { rows }: Flight) {
  const [numbers] = rowsOf<[number, number, number, number, number, number]>(
    db,
    `SELECT max((SELECT coalesce(max(id), 0) + 1 FROM sessions),
         (SELECT coalesce(max(session_id), 0) + 1 FROM ended)),
       (SELECT coalesce(max(id), 0) + 1 FROM messages),
       (SELECT coalesce(max(release_order), 0) + 1 FROM deliveries),
       max((SELECT coalesce(max(sequence), 0) + 1 FROM deliveries),
         (SELECT coalesce(max(last_sequence), 0) + 1 FROM queues)),
       (page_count - freelist_count) * page_size, auto_vacuum
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size, pragma_auto_vacuum`,
  );
  const [nextSessionId, nextMessageId, nextReleaseOrder, nextSequence, usedBytes, autoVacuum] =
    numbers!;
  return {
    nextSessionId,
    nextMessageId: rows.reduce((next, row) => Math.max(next, row[2] + 1), nextMessageId),
    nextReleaseOrder: rows.reduce((next, row) => Math.max(next, row[5] + 1), nextReleaseOrder),
    nextSequence: rows.reduce((next, row) => Math.max(next, row[0] + 1), nextSequence),
    usedBytes,
    canShrink: autoVacuum > 0,
  };
}

/** Reads all rows of a small table at once. */
function rowsOf<Row extends readonly SQLInputValue[]>(db: DatabaseSync, sql: string): Row[] {
  return arrayStatement(db, sql).all() as unknown as Row[];
}
