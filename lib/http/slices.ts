/** The length of a slice, milliseconds. */
const SLICE_MS = 1;
/** Steps between two readings of the clock. */
export const STEPS = 128;

/** Divides work into slices, so that no client waits longer than one slice. */
export class Slices {
  readonly #signal: AbortSignal;
  #startMs = performance.now();

  /** `signal` aborts the work. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether the slice is over and the caller should pause; to be asked regularly. */
  get isOver(): boolean {
    return performance.now() - this.#startMs >= SLICE_MS;
  }

  /** Gives the event loop a turn; throws if the work was aborted. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#signal.throwIfAborted();
    this.#startMs = performance.now();
  }
}

/** Visits all items in slices. */
export async function inSlices<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const slices = new Slices(signal);
  let count = 0;
  for (const item of items) {
    visit(item);
    if (++count % STEPS === 0 && slices.isOver) await slices.pause();
  }
}
