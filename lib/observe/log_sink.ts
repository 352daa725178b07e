import type { LogLevel } from "./log_line.ts";
import { openPlainFile } from "./plain_file.ts";

/** A destination of log lines. Writing never throws: a broker whose disk is full still delivers messages. */
export interface LogSink {
  /** Lines that could not be written since the start. */
  readonly linesLost: number;
  /** Whether the destination adds the time itself, so that lines come without it. */
  readonly hasTime?: boolean;
  /** Takes the bytes of a whole line. Streams and files have written all of them when it returns. */
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

/** Terminal sequences before and after a line of each level; empty for the level of most lines. */
const PAINTS: Readonly<Record<LogLevel, readonly [before: Uint8Array, after: Uint8Array]>> = {
  debug: paint(2, 22),
  info: paint(),
  warning: paint(33, 39),
  error: paint(31, 39),
};

/** Writes lines to standard error or standard output. */
export class StreamSink implements LogSink {
  #linesLost = 0;
  readonly #writer: ByteWriter;
  readonly #isColored: boolean;

  /** `isColored`: whether warnings and errors are coloured, for a person at a terminal. */
  constructor(writer: ByteWriter, isColored = false) {
    this.#writer = writer;
    this.#isColored = isColored;
  }

  get linesLost(): number {
    return this.#linesLost;
  }

  write(lines: Uint8Array, level: LogLevel): void {
    const bytes = this.#isColored ? painted(lines, level) : lines;
    if (!writeAll(this.#writer, bytes)) this.#linesLost++;
  }

  close(): void {}
}

/** Appends lines to a file, which is created if necessary. Throws if it cannot be opened or is a symbolic link. */
export class FileSink implements LogSink {
  #linesLost = 0;
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = openPlainFile(path, 0o640);
  }

  get linesLost(): number {
    return this.#linesLost;
  }

  write(lines: Uint8Array): void {
    if (!writeAll(this.#file, lines)) this.#linesLost++;
  }

  close(): void {
    this.#file.close();
  }
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
