import { DatabaseSync } from "node:sqlite";
import { Journal, JournalError } from "./journal.ts";
import { isPacket } from "./rows.ts";
import { NewerSchemaError, SCHEMA_VERSION, schemaVersion } from "./schema.ts";

/** A session in a file, for lists. */
export interface StoredSessionView {
  /** Its Client Identifier. */
  readonly clientId: string;
  /** Its owner; `null` for a client without a user name, or if an older program has written it. */
  readonly owner: string | null;
  /** Its subscriptions. */
  readonly subscriptions: number;
  /** Messages that wait or are in flight. */
  readonly queued: number;
  /** Milliseconds since 1970; `null` if it never expires, or its client is connected. */
  readonly expiresAtMs: number | null;
}

/** The counts of a file's contents. */
export interface StoredCounts {
  /** The schema version of the file. */
  readonly schema: number;
  /** The number of sessions. */
  readonly sessions: number;
  /** Subscriptions of all sessions. */
  readonly subscriptions: number;
  /** Waiting messages, each counted once. */
  readonly messages: number;
  /** Waiting messages, counted for each session. */
  readonly deliveries: number;
  /** Retained messages. */
  readonly retained: number;
  /** Wills that wait for their delay or for their client. */
  readonly wills: number;
  /** The size of the database. */
  readonly bytes: number;
  /** Unused bytes of these. */
  readonly freeBytes: number;
}

/** From this schema on there is what waits for shared subscriptions of a cluster. */
const SHARED_VERSION = 10;

const COUNTED = [
  "sessions",
  "subscriptions",
  "messages",
  "deliveries",
  "retained",
  "wills",
] as const;

/** A database that no broker has open, such as a copy or a backup. It is only read. */
export class StoredFile implements Disposable {
  readonly #db: DatabaseSync;
  /** The table of waiting deliveries: one of its own since schema 6, before that the table of deliveries. */
  readonly #waiting: string;

  /** Opens the file. Throws if it is not a database. */
  constructor(path: string) {
    Deno.statSync(path); // SQLite's error does not name a missing file.
    this.#db = new DatabaseSync(path, { readOnly: true });
    const hasWaiting = schemaVersion(this.#db) >= 6;
    this.#waiting = hasWaiting
      ? " + (SELECT count(*) FROM waiting WHERE session_id = sessions.id)"
      : "";
  }

  /** Counts the contents. */
  counts(): StoredCounts {
    const number = (sql: string) => Number(Object.values(this.#db.prepare(sql).get()!)[0]);
    const counts = Object.fromEntries(
      COUNTED.map((table) => [table, number(`SELECT count(*) FROM ${table}`)]),
    ) as Record<typeof COUNTED[number], number>;
    if (this.#waiting !== "") counts.deliveries += number("SELECT count(*) FROM waiting");
    const pageBytes = number("PRAGMA page_size");
    return {
      schema: schemaVersion(this.#db),
      ...counts,
      bytes: number("PRAGMA page_count") * pageBytes,
      freeBytes: number("PRAGMA freelist_count") * pageBytes,
    };
  }

  /** All sessions in the order of their Client Identifiers, read one at a time because there may be many. */
  *sessions(): IterableIterator<StoredSessionView> {
    const rows = this.#db.prepare(`
      SELECT client_id, owner, expires_at_ms,
        (SELECT count(*) FROM subscriptions WHERE session_id = sessions.id) AS subscriptions,
        (SELECT count(*) FROM deliveries WHERE session_id = sessions.id)${this.#waiting} AS queued
      FROM sessions ORDER BY client_id`);
    for (const row of rows.iterate()) {
      const { client_id, owner, expires_at_ms, subscriptions, queued } = row;
      yield {
        clientId: String(client_id),
        owner: owner === null ? null : String(owner),
        expiresAtMs: expires_at_ms === null ? null : Number(expires_at_ms),
        subscriptions: Number(subscriptions),
        queued: Number(queued),
      };
    }
  }

  /** The Topic Filters of a session; `undefined` if there is no such session. */
  filtersOf(clientId: string): readonly string[] | undefined {
    const session = this.#db.prepare("SELECT id FROM sessions WHERE client_id = ?").get(clientId);
    if (session === undefined) return undefined;
    const sql = "SELECT topic_filter FROM subscriptions WHERE session_id = ? ORDER BY topic_filter";
    return this.#db.prepare(sql).all(session["id"]!).map((row) => String(row["topic_filter"]));
  }

  /** The faults of the file, one line each; empty if it is intact. */
  problems(): readonly string[] {
    const version = schemaVersion(this.#db);
    if (version > SCHEMA_VERSION) return [new NewerSchemaError(version).message];
    const foreign = this.#foreignPart();
    if (foreign !== undefined) return [`There is a ${foreign} in it, which no store has`];
    const problem = firstProblem(this.#db);
    if (problem !== undefined) return [problem];
    const flaw = version === SCHEMA_VERSION ? this.#journalFlaw() : undefined;
    const tables = ["messages", "retained", "wills", ...version < SHARED_VERSION ? [] : ["shared"]];
    const damaged = tables.flatMap((table) => {
      let bad = 0;
      for (const { packet } of this.#db.prepare(`SELECT packet FROM ${table}`).iterate()) {
        if (!isPacket(packet)) bad++;
      }
      return bad === 0 ? [] : [`${bad} rows of ${table} cannot be decoded`];
    });
    return flaw === undefined ? damaged : [flaw, ...damaged];
  }

  /**
   * What no store of ours has, looked for before anything else is read: a view in the place of a table may have rows without end, and a
   * trigger would work in the broker from then on.
   */
  #foreignPart(): string | undefined {
    const row = this.#db.prepare(`
      SELECT type, name, sql FROM sqlite_schema
      WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1`).get();
    if (row === undefined) return undefined;
    return `${row["type"] === "table" ? "virtual table" : row["type"]} ${row["name"]}`;
  }

  #journalFlaw(): string | undefined {
    try {
      new Journal(this.#db);
    } catch (error) {
      if (error instanceof JournalError) return error.message;
      throw error;
    }
    return undefined;
  }

  /** How far a cluster's log has been applied; `undefined` without a cluster, and in the file of an older program. */
  get position(): string | undefined {
    const has = "SELECT 1 FROM sqlite_schema WHERE name = 'cluster'";
    if (this.#db.prepare(has).get() === undefined) return undefined;
    const row = this.#db.prepare("SELECT position FROM cluster").get();
    return row === undefined ? undefined : String(row["position"]);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/** The first fault that SQLite finds in a database; `undefined` if it is intact. */
export function firstProblem(db: DatabaseSync): string | undefined {
  const [verdict] = Object.values(db.prepare("PRAGMA integrity_check(1)").get() ?? {});
  return verdict === "ok" ? undefined : String(verdict);
}
