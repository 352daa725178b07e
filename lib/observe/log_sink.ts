import type { LogLevel } from "./log_line.ts";
import { openPlainFile } from "./plain_file.ts";

/** A destination of log lines. Writing never throws: a broker whose disk is full still delivers messages. */
export interface LogSink {
  /** Lines that could not be written since the start. */
  readonly linesLost: number;
  /** Whether the destination adds the time itself, so that lines come without it. */
  readonly hasTime?: boolean;
  /** Takes the bytes of a whole line. */
  write(line: Uint8Array, level: LogLevel): void;
  /** Resolves when every line has been written; absent if `write` does that itself. */
  flush?(): Promise<void>;
  /** Closes a file; does nothing for a stream. */
  close(): void;
}

/** The part of standard error, standard output or a file that a sink uses. */
export interface ByteWriter {
  /** Returns the number of bytes written, which may be less than given. */
  writeSync(bytes: Uint8Array): number;
}

/** The most bytes of lines that gather. */
const GATHERED_BYTES = 16 * 1024;

/** Terminal sequences before and after a line of each level; empty for the level of most lines. */
const PAINTS: Readonly<Record<LogLevel, readonly [before: Uint8Array, after: Uint8Array]>> = {
  debug: paint(2, 22),
  info: paint(),
  warning: paint(33, 39),
  error: paint(31, 39),
};

/** Writes lines to standard error or standard output. */
export class StreamSink implements LogSink {
  readonly #lines: LineWriter;
  readonly #isColored: boolean;

  /** `isColored`: whether warnings and errors are coloured, for a person at a terminal. */
  constructor(writer: ByteWriter, isColored = false) {
    this.#lines = new LineWriter(writer);
    this.#isColored = isColored;
  }

  get linesLost(): number {
    return this.#lines.lost;
  }

  write(line: Uint8Array, level: LogLevel): void {
    this.#lines.write(this.#isColored ? painted(line, level) : line, isUrgent(level));
  }

  flush(): Promise<void> {
    this.#lines.flush();
    return Promise.resolve();
  }

  close(): void {
    this.#lines.flush();
  }
}

/** Appends lines to a file, which is created if necessary. Throws if it cannot be opened or is a symbolic link. */
export class FileSink implements LogSink {
  readonly #file: Deno.FsFile;
  readonly #lines: LineWriter;

  constructor(path: string) {
    this.#file = openPlainFile(path, 0o640);
    this.#lines = new LineWriter(this.#file);
  }

  get linesLost(): number {
    return this.#lines.lost;
  }

  write(line: Uint8Array, level: LogLevel): void {
    this.#lines.write(line, isUrgent(level));
  }

  flush(): Promise<void> {
    this.#lines.flush();
    return Promise.resolve();
  }

  close(): void {
    this.#lines.flush();
    this.#file.close();
  }
}

/**
 * Writes the first line of a turn at once. Further lines of the same turn gather and leave together at its end, since a thousand clients
 * that connect at once would otherwise cost a thousand calls of the system: a fifth of all that their connecting costs. An urgent line
 * takes what has gathered along.
 */
class LineWriter {
  /** Lines that could not be written. */
  lost = 0;
  readonly #writer: ByteWriter;
  /** Lines that have gathered, and their bytes. */
  #gathered: Uint8Array[] = [];
  #bytes = 0;
  /** A line of this turn has been written. */
  #isInTurn = false;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  write(line: Uint8Array, isUrgent: boolean): void {
    this.#gathered.push(line);
    this.#bytes += line.length;
    if (isUrgent || !this.#isInTurn || this.#bytes >= GATHERED_BYTES) this.flush();
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    queueMicrotask(this.#onTurnEnd);
  }

  flush(): void {
    const lines = this.#gathered;
    if (lines.length === 0) return;
    const bytes = lines.length === 1 ? lines[0]! : joined(lines, this.#bytes);
    this.#gathered = [];
    this.#bytes = 0;
    if (!writeAll(this.#writer, bytes)) this.lost += lines.length;
  }

  readonly #onTurnEnd = (): void => {
    this.#isInTurn = false;
    this.flush();
  };
}

/** Lines of these levels are written at once: they may be the last ones. */
function isUrgent(level: LogLevel): boolean {
  return level === "warning" || level === "error";
}

function joined(lines: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length;
  }
  return bytes;
}

/** Offers the rest again when a write takes only part of the bytes; returns false on an error, or when a write takes nothing. */
function writeAll(writer: ByteWriter, bytes: Uint8Array): boolean {
  try {
    for (let offset = 0; offset < bytes.length;) {
      const written = writer.writeSync(bytes.subarray(offset));
      if (written <= 0) return false;
      offset += written;
    }
    return true;
  } catch {
    return false;
  }
}

/** The terminal sequences that begin and end a colour. */
function paint(...codes: readonly [] | readonly [begin: number, end: number]) {
  const sequence = (code?: number) =>
    new TextEncoder().encode(code === undefined ? "" : `\x1b[${code}m`);
  return [sequence(codes[0]), sequence(codes[1])] as const;
}

/** The line in the colour of its level; the line break stays at the end. */
function painted(line: Uint8Array, level: LogLevel): Uint8Array {
  const [before, after] = PAINTS[level];
  if (before.length === 0) return line;
  const bytes = new Uint8Array(before.length + line.length + after.length);
  bytes.set(before);
  bytes.set(line.subarray(0, -1), before.length);
  bytes.set(after, before.length + line.length - 1);
  bytes.set(line.subarray(-1), bytes.length - 1);
  return bytes;
}
