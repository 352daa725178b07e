import type { DatabaseSync } from "node:sqlite";
import { arrayStatement } from "./array_statement.ts";
import { SHARED_FLAG } from "./rows.ts";

/** Rows that are deleted at a time. They take some milliseconds, in which nothing else is written. */
const STEP_ROWS = 1000;

/**
 * Deletes the messages of sessions that have ended, some at a time: one session may have a million, and other writes must not wait for
 * them. The session's number stays in use until all are deleted, so that no other session gets it.
 */
export class EndedSessions {
  readonly #db: DatabaseSync;
  #isDue: boolean;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#isDue = db.prepare("SELECT 1 FROM ended LIMIT 1").get() !== undefined;
  }

  /** A session has ended. */
  add(): void {
    this.#isDue = true;
  }

  /** Whether there is something to delete. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Deletes some of it, in one transaction. Throws what SQLite throws; then nothing has changed. */
  step(): void {
    const ended = this.#db.prepare("SELECT session_id AS id FROM ended LIMIT 1").get();
    if (ended === undefined) {
      this.#isDue = false;
      return;
    }
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#deleteSome(Number(ended["id"]));
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #deleteSome(sessionId: number): void {
    const rows = arrayStatement(
      this.#db,
      "SELECT sequence, message_id, flags FROM waiting WHERE session_id = ? LIMIT ?",
    ).all(sessionId, STEP_ROWS) as [sequence: number, messageId: number, flags: number][];
    const deleteRow = this.#db.prepare("DELETE FROM waiting WHERE session_id = ? AND sequence = ?");
    for (const [sequence] of rows) deleteRow.run(sessionId, sequence);
    const deleteSole = this.#db.prepare("DELETE FROM messages WHERE id = ?");
    const release = this.#db.prepare(RELEASE_MESSAGE);
    for (const [, messageId, flags] of rows) {
      (flags >= SHARED_FLAG ? release : deleteSole).run(messageId);
    }
    if (rows.length === STEP_ROWS) return;
    this.#db.prepare("DELETE FROM ended WHERE session_id = ?").run(sessionId);
  }
}

/** Deletes a message if no delivery refers to it any more. */
export const RELEASE_MESSAGE = `DELETE FROM messages WHERE id = ?1
  AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = ?1 AND flags >= 8)
  AND NOT EXISTS (SELECT 1 FROM waiting WHERE message_id = ?1 AND flags >= 8)`;
