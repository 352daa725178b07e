import type { Loaded } from "./password_file.ts";

/** Access to files. */
export interface AccessFileReader {
  /** The text of a file; throws where it cannot be read. */
  readFile(path: string): string;
  /** A stamp that changes when the file changes; `""`: the file does not exist. */
  stamp(path: string): string;
}

/** A file in use, and its state. */
interface InUse<T> {
  readonly parse: (path: string, text: string) => Loaded<T>;
  value: T;
  text: string;
  /** Its stamp when it was read. */
  readStamp: string;
  /** Its stamp at the last look: a file is read when two looks find the same stamp. */
  seenStamp: string;
}

/** Files that are read at the start and again when they change. An invalid file leaves what was read before in force. */
export class AccessFiles {
  readonly #reader: AccessFileReader;
  readonly #files = new Map<string, InUse<unknown>>();

  /** No file is in use at first. */
  constructor(reader: AccessFileReader) {
    this.#reader = reader;
  }

  /** Reads a file for the first time; tells what is wrong with it. */
  open<T>(path: string, parse: (path: string, text: string) => Loaded<T>): readonly string[] {
    if (this.#files.has(path)) return [];
    const stamp = this.#reader.stamp(path);
    const read = this.#read(path, parse);
    if ("problems" in read) return read.problems;
    this.#files.set(path, { parse, ...read, readStamp: stamp, seenStamp: stamp });
    return [];
  }

  /** The content of a file that was opened, as it was last read. */
  get<T>(path: string): T {
    return this.#files.get(path)!.value as T;
  }

  /** The text of that content. */
  textOf(path: string): string {
    return this.#files.get(path)!.text;
  }

  /** Notes the content that this process has written: the file has it now, and others have changed nothing. */
  replace(path: string, text: string, value: unknown): void {
    const stamp = this.#reader.stamp(path);
    Object.assign(this.#files.get(path)!, { text, value, readStamp: stamp, seenStamp: stamp });
  }

  /** Whether a file has changed since it was read; it may still be changing. */
  isStale(path: string): boolean {
    return this.#reader.stamp(path) !== this.#files.get(path)!.readStamp;
  }

  /** Files that have changed since they were read, but not since the last call: a half-written file is not read. */
  changed(): readonly string[] {
    const changed: string[] = [];
    for (const [path, file] of this.#files) {
      const stamp = this.#reader.stamp(path);
      if (stamp !== file.readStamp && stamp === file.seenStamp) changed.push(path);
      file.seenStamp = stamp;
    }
    return changed;
  }

  /** Reads these files, or all, again. `isNew`: the content of one of them is different now. */
  reload(paths?: readonly string[]): { readonly isNew: boolean; readonly problems: string[] } {
    const problems: string[] = [];
    let isNew = false;
    for (const [path, file] of this.#files) {
      if (paths !== undefined && !paths.includes(path)) continue;
      file.readStamp = file.seenStamp = this.#reader.stamp(path);
      const read = this.#read(path, file.parse);
      if ("problems" in read) problems.push(...read.problems);
      else if (read.text !== file.text) {
        Object.assign(file, read);
        isNew = true;
      }
    }
    return { isNew, problems };
  }

  #read<T>(
    path: string,
    parse: (path: string, text: string) => Loaded<T>,
  ): { value: T; text: string } | { problems: readonly string[] } {
    let text: string;
    try {
      text = this.#reader.readFile(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { problems: [`${path}: Cannot read the file: ${reason}`] };
    }
    const parsed = parse(path, text);
    return parsed.isValid ? { value: parsed.value, text } : { problems: parsed.problems };
  }
}

/** The real files. */
export const DISK: AccessFileReader = {
  readFile: (path) =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Deno.readFileSync(path)),
  stamp(path) {
    try {
      const { mtime, size, ino } = Deno.statSync(path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch {
      return "";
    }
  },
};
