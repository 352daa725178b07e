import { dirname } from "node:path";
import { type AccessFileReader, AccessFiles, DISK } from "../access_files.ts";
import type { DynamicDocument } from "./document.ts";
import { parseDynamicFile } from "./parse_document.ts";
import { writeDocument } from "./write_document.ts";

/** The file of a document: read at the start and when others have changed it, and written when commands change it. */
export class DynamicFile {
  readonly path: string;
  readonly #files: AccessFiles;
  readonly #save: (path: string, text: string) => Promise<void>;

  /** Nothing is read yet. `reader` and `save` default to the real files. */
  constructor(path: string, reader: AccessFileReader = DISK, save = replaceFile) {
    this.path = path;
    this.#files = new AccessFiles(reader);
    this.#save = save;
  }

  /** What holds. */
  get document(): DynamicDocument {
    return this.#files.get(this.path);
  }

  /** Reads it for the first time; what is wrong with it is told. */
  open(): readonly string[] {
    return this.#files.open(this.path, parseDynamicFile);
  }

  /** Reads it again where it has changed and rests, or, without `onlyChanged`, in any case. `isNew`: another document holds. */
  reload(onlyChanged: boolean): { readonly isNew: boolean; readonly problems: readonly string[] } {
    if (onlyChanged && this.#files.changed().length === 0) return { isNew: false, problems: [] };
    return this.#files.reload();
  }

  /** Whether others have changed it since it was read. */
  get isStale(): boolean {
    return this.#files.isStale(this.path);
  }

  /** Writes a document, which holds when it is on the disk. Rejects where it cannot be written: what held before holds. */
  async write(document: DynamicDocument): Promise<void> {
    const text = writeDocument(document);
    await this.#save(this.path, text);
    this.#files.replace(this.path, text, document);
  }

  /** A document holds that the file has not. */
  hold(document: DynamicDocument): void {
    this.#files.replace(this.path, writeDocument(document), document);
  }

  /** Writes what was read last into another file. */
  async copyTo(path: string): Promise<void> {
    await this.#save(path, this.#files.textOf(this.path));
  }
}

/** Replaces a file in one step, so that neither a crash nor a full disk leaves half of it. Its owner alone can read it: it has hashes. */
export async function replaceFile(path: string, text: string): Promise<void> {
  // Where the path is a link, the file that it leads to is replaced.
  const target = await Deno.realPath(path).catch(() => path);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    await writeAll(file, new TextEncoder().encode(text));
    await file.sync();
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(target));
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** The new name is durable as well. Not every system can do it, and then the name follows by itself. */
async function syncDirectory(path: string): Promise<void> {
  try {
    using directory = await Deno.open(path);
    await directory.sync();
  } catch {
    // The file itself is safe.
  }
}
