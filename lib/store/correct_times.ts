import type { DatabaseSync } from "node:sqlite";
import { Journal } from "./journal.ts";
import type { LogPort } from "../broker/mod.ts";

/** An earlier time means that the clock has not been set since the machine started: this broker did not exist then. */
const PLAUSIBLE_MS = Date.UTC(2020, 0, 1);
/** The stored time is exact to the second; the clock may have been adjusted by as much between two processes. */
const TOLERANCE_MS = 1000;

/** Columns that hold times. */
const TIMES = [
  ["sessions", "expires_at_ms"],
  ["messages", "expires_at_ms"],
  ["waiting", "expires_at_ms"],
  ["retained", "expires_at_ms"],
  ["wills", "due_at_ms"],
  ["shared", "expires_at_ms"],
] as const;

/**
 * Corrects stored times after a jump of the clock. A machine without a battery-backed clock starts in the past until its clock is set. By
 * such a clock, stored data would expire at once, or not for decades. So durations continue from the last time seen: every stored time
 * moves by the difference, in one transaction with the time seen, so that it moves only once. Returns the last time seen, by the clock of
 * then; `undefined` if none is stored.
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
  log.warning("The clock has jumped: stored expiry times continue from the last time seen", {
    lastSeen: isoTime(lastSeenMs),
    now: isoTime(nowMs),
  });
  return lastSeenMs;
}

/** Whether the clock went backwards, or from an impossible time to a possible one. A long absence of the broker does neither. */
function hasJumped(lastSeenMs: number, nowMs: number): boolean {
  if (nowMs < lastSeenMs - TOLERANCE_MS) return true;
  return lastSeenMs < PLAUSIBLE_MS && nowMs >= PLAUSIBLE_MS;
}

/** Writes a time; a damaged file may contain any number. */
function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
