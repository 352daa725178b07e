import type { DatabaseSync } from "node:sqlite";
import type { WaitingKey } from "./batch_rows.ts";
import { Statements } from "./statements.ts";

/** For fewer rows than this, a statement for each row is cheaper than one for all, whose list has to be parsed. */
const LEAST_TOGETHER = 4;

/**
 * Deletes rows of queues. A client that drains its queue acknowledges a thousand messages between two commits, and a statement for each
 * row takes ten times as long as one for all of them.
 */
export class Deletions {
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
  }

  /** Deletes rows of the table `waiting`; rows that are not there are ignored. */
  waiting(keys: readonly WaitingKey[]): void {
    const bySession = new Map<number, number[]>();
    for (const [sessionId, sequence] of keys) {
      const sequences = bySession.get(sessionId);
      if (sequences === undefined) bySession.set(sessionId, [sequence]);
      else sequences.push(sequence);
    }
    for (const [sessionId, sequences] of bySession) this.#waitingOf(sessionId, sequences);
  }

  /** Deletes rows of the table `messages`; rows that are not there are ignored. */
  messages(ids: readonly number[]): void {
    if (ids.length >= LEAST_TOGETHER) {
      return this.#statements.run(
        "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      );
    }
    for (const id of ids) this.#statements.run("DELETE FROM messages WHERE id = ?", id);
  }

  #waitingOf(sessionId: number, sequences: readonly number[]): void {
    if (sequences.length >= LEAST_TOGETHER) {
      return this.#statements.run(
        "DELETE FROM waiting WHERE session_id = ? AND sequence IN (SELECT value FROM json_each(?))",
        sessionId,
        JSON.stringify(sequences),
      );
    }
    for (const sequence of sequences) {
      this.#statements.run(
        "DELETE FROM waiting WHERE session_id = ? AND sequence = ?",
        sessionId,
        sequence,
      );
    }
  }
}
