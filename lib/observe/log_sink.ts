import type { LogLevel } from "./log_line.ts";
import { openPlainFile } from "./plain_file.ts";

/** Where lines go: a stream, a file. Writing never throws: a broker whose disk is full still delivers messages. */
export interface LogSink {
  /** Lines that could not be written since the start. */
  readonly linesLost: number;
  /** Whether it notes the time by itself, so that lines come without it. */
  readonly hasTime?: boolean;
  /** Takes the bytes of a whole line. A stream or a file has all of them before it returns. */
  write(line: Uint8Array, level: LogLevel): void;
  /** Resolves when everything is where it shall be; absent: it is there at once. */
  flush?(): Promise<void>;
  /** Ends the use of a file; nothing for a stream. */
  close(): void;
}

/** What a sink needs of standard error, standard output or a file. */
export interface ByteWriter {
  /** May write less than it is given; returns the number of bytes. */
  writeSync(bytes: Uint8Array): number;
}

/** Before lines of a level on a screen, and behind them: nothing where a line is as most are. */
const PAINTS: Readonly<Record<LogLevel, readonly [before: Uint8Array, after: Uint8Array]>> = {
  debug: paint(2, 22),
  info: paint(),
  warning: paint(33, 39),
  error: paint(31, 39),
};

/** Lines to standard error or standard output. */
export class StreamSink implements LogSink {
  #linesLost = 0;
  readonly #writer: ByteWriter;
  readonly #isColored: boolean;

  /** `isColored`: whether a person sees them, who finds warnings and errors by their colour. */
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

/** Lines to the end of a file, which is made where there is none. Throws where it cannot be opened, or is a symbolic link. */
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

/** A write may take only part of the bytes, so the rest is offered again; false where an error or nothing comes back. */
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

/** The sequences that begin and end a colour of the terminal. */
function paint(...codes: readonly [] | readonly [begin: number, end: number]) {
  const sequence = (code?: number) =>
    new TextEncoder().encode(code === undefined ? "" : `\x1b[${code}m`);
  return [sequence(codes[0]), sequence(codes[1])] as const;
}

/** A line in the colour of its level; the end of the line stays last. */
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
