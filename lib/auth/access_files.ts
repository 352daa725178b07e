import type { Loaded } from "./password_file.ts";

/** How files are reached. */
export interface AccessFileReader {
  /** The text of a file; throws where it cannot be read. */
  readFile(path: string): string;
  /** What changes when a file changes; `""`: there is none. */
  stamp(path: string): string;
}

/** A file in use, and what is known of it. */
interface InUse<T> {
  readonly parse: (path: string, text: string) => Loaded<T>;
  value: T;
  text: string;
  /** Its stamp when it was read. */
  readStamp: string;
  /** Its stamp when it was looked at last: a file is read when it has come to rest. */
  seenStamp: string;
}

/** Files that are read at the start and again when they change; a bad one leaves what was read before in its place. */
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

  /** What a file that was opened says now. */
  get<T>(path: string): T {
    return this.#files.get(path)!.value as T;
  }

  /** We have written the file: that is what it says now, and no change by others. */
  replace(path: string, text: string, value: unknown): void {
    const stamp = this.#reader.stamp(path);
    Object.assign(this.#files.get(path)!, { text, value, readStamp: stamp, seenStamp: stamp });
  }

  /** Whether a file is not as it was when it was read, though it may not rest yet. */
  isStale(path: string): boolean {
    return this.#reader.stamp(path) !== this.#files.get(path)!.readStamp;
  }

  /** Files that have changed since they were read, and rest since the last call: a half-written one is left alone. */
  changed(): readonly string[] {
    const changed: string[] = [];
    for (const [path, file] of this.#files) {
      const stamp = this.#reader.stamp(path);
      if (stamp !== file.readStamp && stamp === file.seenStamp) changed.push(path);
      file.seenStamp = stamp;
    }
    return changed;
  }

  /** Reads these files, or all, again. `isNew`: one of them says something else now. */
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
