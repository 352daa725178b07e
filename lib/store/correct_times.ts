import type { DatabaseSync } from "node:sqlite";
import { Journal } from "./journal.ts";
import type { LogPort } from "../broker/mod.ts";

/** A clock that says less has not been set since the machine began: there was no such broker then. */
const PLAUSIBLE_MS = Date.UTC(2020, 0, 1);
/** The time that is kept is right to the second, and so much may a clock have been put right between two processes. */
const TOLERANCE_MS = 1000;

/** Columns in which a time stands. */
const TIMES = [
  ["sessions", "expires_at_ms"],
  ["messages", "expires_at_ms"],
  ["waiting", "expires_at_ms"],
  ["retained", "expires_at_ms"],
  ["wills", "due_at_ms"],
] as const;

/**
 * A machine without a clock of its own begins in the past until somebody tells it the time. By such a clock what is stored would
 * expire at once, or not for decades: then durations go on from the last time that was seen, and every time that is stored moves by the
 * difference, in one transaction with the time seen, so that it moves once. Returns the last time that was seen, by the clock of then;
 * `undefined`: nobody has written it.
 */
export function correctTimes(db: DatabaseSync, nowMs: number, log: LogPort): number | undefined {
  const row = db.prepare("SELECT seen_at_ms FROM clock").get();
  if (row === undefined) return undefined;
  const lastSeenMs = Number(row["seen_at_ms"]);
  if (!hasJumped(lastSeenMs, nowMs)) return lastSeenMs;
  db.exec("BEGIN IMMEDIATE");
  try {
    new Journal(db).fold();
    for (const [table, column] of TIMES) {
      db.prepare(`UPDATE ${table} SET ${column} = ${column} + ? WHERE ${column} IS NOT NULL`)
        .run(nowMs - lastSeenMs);
    }
    db.prepare("UPDATE clock SET seen_at_ms = ?").run(nowMs);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
  log.warning("The clock has jumped: what is stored expires as if no time had passed since", {
    lastSeen: isoTime(lastSeenMs),
    now: isoTime(nowMs),
  });
  return lastSeenMs;
}

/** Backwards, or from a time that cannot be to one that can: a broker may have been down for long, but not in these ways. */
function hasJumped(lastSeenMs: number, nowMs: number): boolean {
  if (nowMs < lastSeenMs - TOLERANCE_MS) return true;
  return lastSeenMs < PLAUSIBLE_MS && nowMs >= PLAUSIBLE_MS;
}

/** A damaged file may say any number. */
function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
