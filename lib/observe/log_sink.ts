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

/** Lines to standard error or standard output. */
export class StreamSink implements LogSink {
  #linesLost = 0;
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  get linesLost(): number {
    return this.#linesLost;
  }

  write(lines: Uint8Array): void {
    if (!writeAll(this.#writer, lines)) this.#linesLost++;
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
