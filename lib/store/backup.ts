import { makePrivateFile } from "./privacy.ts";
import { removeIfThere, SAVING, stamp } from "./store_files.ts";

/** A copy of a store. */
export interface StoreBackup {
  /** Its bytes; read to the end or cancelled, so that the file goes. */
  readonly readable: ReadableStream<Uint8Array>;
  /** How many. */
  readonly sizeBytes: number;
}

/**
 * Has the database in a directory copied to a file of this module's, which `copy` fills; in the end nothing is left of it. Rejects
 * where that cannot be.
 */
export async function backUp(
  directory: string,
  copy: (path: string) => Promise<void>,
): Promise<StoreBackup> {
  // What a process leaves behind of it the next one removes.
  const path = `${directory}/${SAVING}backup-${stamp()}`;
  makePrivateFile(path);
  try {
    await copy(path);
    const file = await Deno.open(path);
    const { size: sizeBytes } = await file.stat();
    return { readable: removedBehind(file.readable, path), sizeBytes };
  } catch (error) {
    removeIfThere(path);
    throw error;
  }
}

/** The file goes when it is read, or nobody reads it any more. */
function removedBehind(
  readable: ReadableStream<Uint8Array>,
  path: string,
): ReadableStream<Uint8Array> {
  const reader = readable.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (!done) return controller.enqueue(value);
      removeIfThere(path);
      controller.close();
    },
    async cancel(reason) {
      await reader.cancel(reason);
      removeIfThere(path);
    },
  });
}
