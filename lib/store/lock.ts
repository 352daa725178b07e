/** The file whose lock reserves the directory. */
export const LOCK_NAME = "flux-mqtt.lock";

/**
 * Reserves the directory as long as the returned file is open. The operating system releases the lock when the process ends, for
 * whatever reason. The content of the file has no meaning, and may be anything after a power cut. Throws where another broker has the
 * directory.
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
  /** `directory`: the directory that is in use. */
  constructor(directory: string) {
    super(`Cannot use ${directory}: another broker has it`);
  }
}

/** The text of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
