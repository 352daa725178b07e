/** The file whose lock is the directory's. */
export const LOCK_NAME = "flux-mqtt.lock";

/**
 * Holds the directory for as long as what is returned is open; the operating system lets go of it when the process ends, however. The
 * lock is the file's, not its content's: that may be anything, as after a power cut. Throws where another broker has it.
 */
export function lockDirectory(directory: string): Deno.FsFile {
  const path = `${directory}/${LOCK_NAME}`;
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw new Error(`Cannot write ${path}: ${reasonOf(error)}`);
  }
  try {
    if (file.tryLockSync(true)) return file;
  } catch (error) {
    file.close();
    throw new Error(`Cannot lock ${path}: ${reasonOf(error)}`);
  }
  file.close();
  throw new DirectoryTakenError(directory);
}

/** Another broker has the directory. */
export class DirectoryTakenError extends Error {
  /** `directory`: which. */
  constructor(directory: string) {
    super(`Cannot use ${directory}: another broker has it`);
  }
}

/** What was thrown, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
