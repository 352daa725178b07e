import { formatText, type LogFields, type LogLevel } from "./log_line.ts";

/** A line of the log, as it is shown. */
export interface LogEntry {
  /** Grows by one with each line of this process. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** How grave it is. */
  readonly level: LogLevel;
  /** Message and fields, controls escaped, without time and level. */
  readonly text: string;
}

/** Lines that are remembered. */
const MAX_LINES = 1000;
/** Characters of a line that are remembered. */
const MAX_LENGTH = 2000;
/** How wide the level is that stands before the message in a line without time, at least. */
const LEVEL_WIDTH = "error".length;

/** The last lines of the log, for those who look at it from elsewhere. */
export class LogTail {
  #lines: LogEntry[] = [];
  #nextSequence = 1;

  /** The sequence of the newest line; 0: there is none yet. */
  get lastSequence(): number {
    return this.#nextSequence - 1;
  }

  /** Remembers a line; the oldest goes. */
  add(atMs: number, level: LogLevel, message: string, fields: LogFields | undefined): void {
    const whole = formatText("", level, message, fields).slice(
      Math.max(LEVEL_WIDTH, level.length) + 1,
    );
    const text = whole.length > MAX_LENGTH ? `${whole.slice(0, MAX_LENGTH)}…` : whole;
    this.#lines.push({ sequence: this.#nextSequence++, atMs, level, text });
    // Cut in one go: each line is moved once on average.
    if (this.#lines.length >= 2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES);
  }

  /** The newest lines that came after this one, in their order: `limit` at most. */
  after(sequence: number, limit: number): readonly LogEntry[] {
    const newer = Math.max(0, this.lastSequence - sequence);
    const count = Math.min(newer, limit, MAX_LINES, this.#lines.length);
    return count === 0 ? [] : this.#lines.slice(-count);
  }
}
