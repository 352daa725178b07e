/**
 * Returns V8's function for a full collection where `--expose-gc` was not given at the start; `undefined`: V8 cannot be asked for one, as in
 * executables of Deno 2.7. The function exists in contexts that are made after the flag is set. The modules for that are loaded here, so that
 * the start does not pay for them.
 */
export async function borrowGc(): Promise<(() => void) | undefined> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc") as (() => void) | undefined;
}

/** Runs a full collection of this thread's garbage; `false`: V8 cannot be asked for one. */
async function collectGarbage(): Promise<boolean> {
  const gc = (globalThis as { gc?: () => void }).gc ?? await borrowGc();
  gc?.();
  return gc !== undefined;
}

/** The growth of the heap since the last collection that makes another one worthwhile, bytes. */
const GROWN_BYTES = 8 * 1024 * 1024;

/**
 * Gives the memory of a busy time back. V8 collects what has become old only when a program goes on allocating, so a thread that rests after
 * a million messages keeps 60 MB of garbage.
 */
export class IdleCollection {
  #settledBytes: number;
  #canCollect = true;

  /** Starts from the present size of the heap. */
  constructor() {
    this.#settledBytes = looseBytes();
  }

  /** Collects if much has been allocated since the last time. Call it when the thread rests. Resolves to whether it has collected. */
  async rest(): Promise<boolean> {
    const bytes = looseBytes();
    this.#settledBytes = Math.min(this.#settledBytes, bytes);
    if (!this.#canCollect || bytes - this.#settledBytes < GROWN_BYTES) return false;
    this.#canCollect = await collectGarbage();
    this.#settledBytes = looseBytes();
    return this.#canCollect;
  }
}

/** Bytes of the heap and of buffers outside it. */
function looseBytes(): number {
  const { heapTotal, external } = Deno.memoryUsage();
  return heapTotal + external;
}
