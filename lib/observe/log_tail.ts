import { formatText, type LogFields, type LogLevel } from "./log_line.ts";

/** A line of the log, as the dashboard shows it. */
export interface LogEntry {
  /** The number of the line, counted from the start of the process. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The severity. */
  readonly level: LogLevel;
  /** Message and fields with control characters escaped, without time and level. */
  readonly text: string;
}

/** Lines that are kept. */
const MAX_LINES = 1000;
/** Characters of a line that are kept. */
const MAX_LENGTH = 2000;
/** The least width of the level, which begins a line without a timestamp. */
const LEVEL_WIDTH = "error".length;

/** Keeps the last lines of the log for the dashboard. */
export class LogTail {
  #lines: LogEntry[] = [];
  #nextSequence = 1;

  /** The number of the newest line; 0 before the first. */
  get lastSequence(): number {
    return this.#nextSequence - 1;
  }

  /** Keeps a line, and drops the oldest one when there are too many. */
  add(atMs: number, level: LogLevel, message: string, fields: LogFields | undefined): void {
    const whole = formatText("", level, message, fields).slice(
      Math.max(LEVEL_WIDTH, level.length) + 1,
    );
    const text = whole.length > MAX_LENGTH ? `${whole.slice(0, MAX_LENGTH)}\u2026` : whole;
    this.#lines.push({ sequence: this.#nextSequence++, atMs, level, text });
    // Cut only at twice the limit, so that each line is moved once on average.
    if (this.#lines.length >= 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES);
  }

  /** The newest lines after the one with this number, in order; `limit` at most. */
  after(sequence: number, limit: number): readonly LogEntry[] {
    const newer = Math.max(0, this.lastSequence - sequence);
    const count = Math.min(newer, limit, MAX_LINES, this.#lines.length);
    return count === 0 ? [] : this.#lines.slice(-count);
  }
}
