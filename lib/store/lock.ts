/** The file whose lock reserves the directory. */
export const LOCK_NAME = "flux-mqtt.lock";

/** How often, and after how many milliseconds each time, a lock that another one has is asked for again. */
const RETRIES = 10;
const RETRY_MS = 20;

/**
 * Reserves the directory as long as the returned file is open. The operating system releases the lock when the process ends, for
 * whatever reason. The content of the file has no meaning, and may be anything after a power cut. Throws where another broker has the
 * directory.
 *
 * It is asked for more than once: a program that has closed a store may open it again at once, and where it starts a process in that
 * moment, the new process has the lock's descriptor, and so the lock, until it has begun to run its own program. `pause` waits.
 */
export function lockDirectory(
  directory: string,
  pause: (ms: number) => void = waitHere,
): Deno.FsFile {
  const path = `${directory}/${LOCK_NAME}`;
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw new Error(`Cannot write ${path}: ${reasonOf(error)}`);
  }
  try {
    for (let retries = 0; retries <= RETRIES; retries++) {
      if (retries > 0) pause(RETRY_MS);
      if (file.tryLockSync(true)) return file;
    }
  } catch (error) {
    file.close();
    throw new Error(`Cannot lock ${path}: ${reasonOf(error)}`);
  }
  file.close();
  throw new DirectoryTakenError(directory);
}

/** Blocks this thread, in which nothing can be done before the store is open. */
function waitHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
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
